import type { Job } from 'bullmq';
import { checkPayload, imagesPayload, imagesResult, type ImagesResult } from '../queues/payloads.js';
import type { DeclaredImage, RecordImage } from '../shared/record/schema.js';

export interface ImagesDeps {
  /**
   * Fetches, verifies and keeps one picture. What is wrong with the picture is in the answer; throws only what a second
   * attempt may mend, a full disk or a lost connection.
   */
  fetchPicture(declared: DeclaredImage, baseUrl: string | undefined): Promise<RecordImage>;
}

/**
 * The `images` stage: one declared picture in, the picture of the record out, as the job's return value. A picture that
 * fails is an answer, not a failure of the job. Run again it fetches again, or finds its copy in the store.
 */
export async function images(job: Job, deps: ImagesDeps): Promise<ImagesResult> {
  const id = job.id ?? '?';
  const { index, declared, baseUrl } = checkPayload(imagesPayload, job.data, 'images', id);
  const image = await deps.fetchPicture(declared, baseUrl);
  return checkPayload(imagesResult, { index, image }, 'images', id);
}
