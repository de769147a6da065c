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
import type { PictureAnswer, PictureAsk } from './picture-fetching.js';
import { putOff } from './put-off.js';
import { refetch, type RefetchDeps } from './refetch.js';

/** How much later than planned a job may come because its workers have much to do. */
const LATE_MS = 10_000;

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
  const since = waitingSince(payload, Date.now(), deps.pictureMs);
  const withinMs = since + deps.pictureMs - Date.now();
  if (withinMs <= 0) return { index, image: failedImage(declared, 'timeout') };
  const answer = await ask({ declared, baseUrl, withinMs }, deps);
  // Fetched by whoever goes on with it, with all the time that a picture has.
  if (answer === 'cut') return putOff(job, token, 0, { ...payload, waitingSince: undefined });
  const now = Date.now();
  if (answer.busy) {
    const { waitMs } = answer;
    const planned = putOffMs('flow', { waitMs, waitedMs: now - since, random: Math.random() });
    const left = Math.max(0, since + deps.pictureMs - now);
    const isKnown = payload.waitingSince === since;
    return putOff(job, token, Math.min(planned, left), isKnown ? null : { ...payload, waitingSince: since });
  }
  const { image, retryAfterMs } = answer;
  const result = { index, image, ...(retryAfterMs ? { notBefore: Math.ceil(now + retryAfterMs) } : {}) };
  return checkPayload(imagesResult, result, 'images', job.id ?? '?');
}

/**
 * Since when the article has been waiting for this picture. A job that was put off comes back within the cap: one that
 * comes much later was lying while nothing ran, for which its host is not to blame.
 */
function waitingSince(payload: PicturePayload, now: number, pictureMs: number): number {
  const { waitingSince: since = now } = payload;
  return now - since > pictureMs + LATE_MS ? now : since;
}

async function ask(picture: PictureAsk, deps: RefetchDeps): Promise<PictureAnswer | 'cut'> {
  const { cuttingPictures: signal } = deps;
  try {
    return await deps.fetchPicture({ ...picture, signal });
  } catch (error) {
    if (signal.aborted) return 'cut';
    throw error;
  }
}
