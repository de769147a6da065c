import type { FlowJob } from 'bullmq';
import { pictureBase } from '../shared/pictures/picture-base.js';
import type { Article } from '../shared/record/schema.js';
import type { Present } from '../shared/state/observation.js';
import { stageJob } from './job-options.js';
import {
  checkPayload,
  observationJobId,
  picturePayload,
  scoresPayload,
  type PicturePayload,
  type ScoresPayload,
} from './payloads.js';

/** For lost connections and crashes: a picture that fails is an answer, not a failed job. */
const PICTURE_ATTEMPTS = 3;

/**
 * The flow of an article with pictures: one `images` job a picture, and a `scores` job that waits for them all. A
 * picture's job that fails for good does not hold the article up: the `scores` job finds it missing.
 * @throws PayloadError
 */
export function pictureFlow(observation: Present, article: Article): FlowJob {
  const id = observationJobId(observation);
  const base = pictureBase(article);
  const scores: ScoresPayload = { observation, retry: 0, pictures: article.images.length };
  return {
    name: article.title,
    queueName: 'scores',
    data: checkPayload(scoresPayload, scores, 'scores', id),
    opts: stageJob(id),
    children: article.images.map((declared, index) => {
      const jobId = `${id}-${index}`;
      const picture: PicturePayload = {
        kind: 'picture',
        index,
        declared,
        sourceKey: observation.key,
        path: observation.path,
        ...(base === undefined ? {} : { baseUrl: base }),
      };
      return {
        name: declared.url,
        queueName: 'images',
        data: checkPayload(picturePayload, picture, 'images', jobId),
        opts: { ...stageJob(jobId), attempts: PICTURE_ATTEMPTS, ignoreDependencyOnFailure: true },
      };
    }),
  };
}
