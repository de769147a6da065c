import type { Job } from 'bullmq';
import { putOffMs } from '../queues/job-options.js';
import {
  checkPayload,
  imagesPayload,
  imagesResult,
  type ImagesResult,
  type PicturePayload,
} from '../queues/payloads.js';
import { failedImage } from '../shared/pictures/record-image.js';
import { putOff } from './put-off.js';
import { refetch, type RefetchDeps } from './refetch.js';

/**
 * The `images` stage: one declared picture in, the picture of the record out, as the job's return value; or, outside
 * the flow, an article's unreached pictures (`refetch`).
 *
 * A picture that fails is an answer, not a failure of the job. One whose host is busy goes back to the queue for a
 * moment, so that a slow host does not hold the workers, until the article has waited long enough. Run again it fetches
 * again, or finds its copy in the store.
 */
export async function images(
  job: Job,
  token: string | undefined,
  deps: RefetchDeps,
): Promise<ImagesResult | null> {
  const payload = checkPayload(imagesPayload, job.data, 'images', job.id ?? '?');
  switch (payload.kind) {
    case 'picture':
      return picture(job, token, payload, deps);
    case 'refetch':
      await refetch(job, token, payload, deps);
      return null;
    default:
      return payload satisfies never;
  }
}

async function picture(
  job: Job,
  token: string | undefined,
  payload: PicturePayload,
  deps: RefetchDeps,
): Promise<ImagesResult> {
  const { index, declared, baseUrl } = payload;
  const startedAt = Date.now();
  const waitingSince = payload.waitingSince ?? startedAt;
  const withinMs = waitingSince + deps.pictureMs - startedAt;
  if (withinMs <= 0) return { index, image: failedImage(declared, 'timeout') };
  const answer = await deps.fetchPicture({ declared, baseUrl, withinMs });
  const now = Date.now();
  if (answer.busy) {
    const { waitMs } = answer;
    const planned = putOffMs('flow', { waitMs, waitedMs: now - waitingSince, random: Math.random() });
    const left = Math.max(0, waitingSince + deps.pictureMs - now);
    const isFirst = payload.waitingSince === undefined;
    return putOff(job, token, Math.min(planned, left), isFirst ? { ...payload, waitingSince } : undefined);
  }
  const { image, retryAfterMs } = answer;
  const result = { index, image, ...(retryAfterMs ? { notBefore: Math.ceil(now + retryAfterMs) } : {}) };
  return checkPayload(imagesResult, result, 'images', job.id ?? '?');
}
