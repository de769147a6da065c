import type { Job } from 'bullmq';
import { checkPayload, imagesResult, scoresPayload } from '../queues/payloads.js';
import { chooseLead } from '../shared/pictures/choose-lead.js';
import { inDeclaredOrder } from '../shared/pictures/in-declared-order.js';
import { pictureBase } from '../shared/pictures/picture-base.js';
import { failedImage } from '../shared/pictures/record-image.js';
import type { RecordImage } from '../shared/record/schema.js';
import type { StateStore } from '../shared/state/contract.js';
import type { Committer } from './committer.js';
import { findingOf, readArticle, type ReadingRules } from './reading.js';
import { refetchLater, type RefetchLaterDeps } from './refetch-later.js';

export interface ScoreDeps extends RefetchLaterDeps {
  readonly state: StateStore;
  readonly committer: Committer;
  readonly rules: ReadingRules;
  readonly countPictures: (images: readonly RecordImage[]) => void;
}

/**
 * The `scores` stage: an article whose pictures have been fetched in, its commit out. Reads the article again from its
 * observation, which is quicker than to carry it along. Pictures that could not be reached get a job that fetches them
 * again outside the flow. Run again it finds that job there and its commit done.
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
  const { article } = reading;
  const { found, notBefore } = await fetched(job);
  const entries = article.images.map((declared, index) => {
    const image = found.get(index);
    // One whose job failed for good took its worker down with it.
    return {
      declared,
      image: image ? inDeclaredOrder(declared, image) : failedImage(declared, 'corrupt'),
    };
  });
  const baseUrl = pictureBase(article);
  const unreached = {
    observation,
    pictures: entries,
    attempt: 0,
    ...(baseUrl === undefined ? {} : { baseUrl }),
  };
  await refetchLater(unreached, Math.max(0, notBefore - Date.now()), deps);
  const images = chooseLead(entries.map(({ image }) => image));
  const finding = findingOf(observation, article, images, deps.rules);
  const [result] = await deps.committer.commit([{ observation, retry, finding }]);
  if (result?.kind === 'committed') deps.countPictures(images);
}

interface Fetched {
  /** Pictures by their place among the declared ones. */
  readonly found: ReadonlyMap<number, RecordImage>;
  /** Until when one of their hosts wants to be left alone, in epoch milliseconds; 0 when none does. */
  readonly notBefore: number;
}

async function fetched(job: Job): Promise<Fetched> {
  const found = new Map<number, RecordImage>();
  let until = 0;
  for (const value of Object.values(await job.getChildrenValues())) {
    const { index, image, notBefore = 0 } = checkPayload(imagesResult, value, 'images', job.id ?? '?');
    found.set(index, image);
    until = Math.max(until, notBefore);
  }
  return { found, notBefore: until };
}
