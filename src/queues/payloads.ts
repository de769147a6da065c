import { createHash } from 'node:crypto';
import { z } from 'zod';
import { sourceHash } from '../shared/article/ids.js';
import { PayloadError } from '../shared/errors/errors.js';
import { declaredImageSchema, recordImageSchema } from '../shared/record/schema.js';
import { observationSchema, presentSchema, type Observation } from '../shared/state/observation.js';

/** Most articles in one job. A larger chunk gains little more and makes a retry dearer. */
export const MAX_CHUNK = 25;
/** Most text in one job, in UTF-16 units: a body of 8 KB instead of 250 bytes halves BullMQ's rate already. */
export const MAX_CHUNK_TEXT = 128 * 1024;
/** Text up to this length travels in the job, larger text as a blob in the state store. */
export const MAX_INLINE_TEXT = 32 * 1024;

/** `articles`: observations to validate; one when the pipeline is idle, a chunk in a backlog. */
export const articlesPayload = z.strictObject({
  observations: z.array(observationSchema).min(1).max(MAX_CHUNK),
});

/** `scores`: an article whose pictures are being fetched by this job's children. */
export const scoresPayload = z.strictObject({
  observation: presentSchema,
  retry: z.number().int().nonnegative(),
  pictures: z.number().int().positive(),
});

/** `images`: one declared picture of an article. */
export const imagesPayload = z.strictObject({
  index: z.number().int().nonnegative(),
  declared: declaredImageSchema,
  /** The article's address, against which a site-relative picture is resolved. */
  baseUrl: z.string().optional(),
  sourceKey: z.string(),
  path: z.string(),
});

/** What a picture's job hands to the `scores` job that waits for it. */
export const imagesResult = z.strictObject({
  index: z.number().int().nonnegative(),
  image: recordImageSchema,
});

/** `deliveries-NAME`: wakes a sink. What is to be delivered is in the log, not in the job. */
export const deliveriesPayload = z.strictObject({});

export type ScoresPayload = z.infer<typeof scoresPayload>;
export type ImagesPayload = z.infer<typeof imagesPayload>;
export type ImagesResult = z.infer<typeof imagesResult>;

/**
 * Checks a payload on its way in or out of a queue.
 * @throws PayloadError naming the queue, the job and what is wrong.
 */
export function checkPayload<T>(schema: z.ZodType<T>, data: unknown, queue: string, jobId: string): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new PayloadError(
    `Job ${jobId} of queue ${queue} has a payload that does not fit: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}. It was written by another version of Galley, or by hand; remove it.`,
  );
}

/** Id of the job of one observation: the same when it is put again. */
export function observationJobId(observation: Pick<Observation, 'key' | 'number'>): string {
  return `${sourceHash(observation.key)}-${observation.number}`;
}

/** Id of a job of these observations: of its own for one, else made from all of theirs. */
export function chunkJobId(observations: readonly Observation[]): string {
  const ids = observations.map(observationJobId);
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return only;
  return `chunk-${createHash('sha256').update(ids.join()).digest('hex').slice(0, 32)}`;
}
