import type { FlowJob } from 'bullmq';
import type { Article } from '../shared/record/schema.js';
import type { Present } from '../shared/state/observation.js';
import { stageJob } from './job-options.js';
import {
  checkPayload,
  imagesPayload,
  observationJobId,
  scoresPayload,
  type ImagesPayload,
  type ScoresPayload,
} from './payloads.js';

/**
 * The flow of an article with pictures: one `images` job a picture, and a `scores` job that waits for them all. A
 * picture's job that fails for good does not hold the article up: the `scores` job finds it missing.
 * @throws PayloadError
 */
export function pictureFlow(observation: Present, article: Article): FlowJob {
  const id = observationJobId(observation);
  const scores: ScoresPayload = { observation, retry: 0, pictures: article.images.length };
  return {
    name: article.title,
    queueName: 'scores',
    data: checkPayload(scoresPayload, scores, 'scores', id),
    opts: stageJob(id),
    children: article.images.map((declared, index) => {
      const jobId = `${id}-${index}`;
      const images: ImagesPayload = {
        index,
        declared,
        sourceKey: observation.key,
        path: observation.path,
        ...(article.canonicalUrl === undefined ? {} : { baseUrl: article.canonicalUrl }),
      };
      return {
        name: declared.url,
        queueName: 'images',
        data: checkPayload(imagesPayload, images, 'images', jobId),
        // Kept for as long as the parent may need its answer: a removed child is only missed if it runs again.
        opts: { ...stageJob(jobId), attempts: 3, removeOnComplete: true, ignoreDependencyOnFailure: true },
      };
    }),
  };
}
