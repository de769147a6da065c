import type { Job } from 'bullmq';
import { checkPayload, imagesResult, scoresPayload } from '../queues/payloads.js';
import { inDeclaredOrder } from '../shared/pictures/in-declared-order.js';
import { chooseLead } from '../shared/pictures/choose-lead.js';
import { failedImage } from '../shared/pictures/record-image.js';
import type { DeclaredImage, RecordImage } from '../shared/record/schema.js';
import type { StateStore } from '../shared/state/contract.js';
import type { Committer } from './committer.js';
import { findingOf, readArticle, type ReadingRules } from './reading.js';

export interface ScoreDeps {
  readonly state: StateStore;
  readonly committer: Committer;
  readonly rules: ReadingRules;
  readonly countPictures: (images: readonly RecordImage[]) => void;
}

/**
 * The `scores` stage: an article whose pictures have been fetched in, its commit out. Reads the article again from its
 * observation, which is quicker than to carry it along. Run again it finds its commit done.
 */
export async function score(job: Job, deps: ScoreDeps): Promise<void> {
  const { observation, retry } = checkPayload(scoresPayload, job.data, 'scores', job.id ?? '?');
  const reading = await readArticle(observation, deps.rules, deps.state);
  if (!reading.ok) {
    await deps.committer.commit([
      { observation, retry, finding: { kind: 'rejected', problems: reading.problems } },
    ]);
    return;
  }
  const images = chooseLead(await pictures(job, reading.article.images));
  const finding = findingOf(observation, reading.article, images, deps.rules);
  const [result] = await deps.committer.commit([{ observation, retry, finding }]);
  if (result?.kind === 'committed') deps.countPictures(images);
}

/** The pictures in the order they were declared; one whose job failed for good took its worker down with it. */
async function pictures(job: Job, declared: readonly DeclaredImage[]): Promise<RecordImage[]> {
  const fetched = new Map<number, RecordImage>();
  for (const value of Object.values(await job.getChildrenValues())) {
    const { index, image } = checkPayload(imagesResult, value, 'images', job.id ?? '?');
    fetched.set(index, image);
  }
  return declared.map((entry, index) => {
    const image = fetched.get(index);
    return image ? inDeclaredOrder(entry, image) : failedImage(entry, 'corrupt');
  });
}
