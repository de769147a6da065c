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

/** Epoch milliseconds. */
const moment = z.number().int().nonnegative();

/** `images`: one declared picture of an article, fetched for the flow that waits for it. */
export const picturePayload = z.strictObject({
  kind: z.literal('picture'),
  index: z.number().int().nonnegative(),
  declared: declaredImageSchema,
  /** The article's address, against which a site-relative picture is resolved. */
  baseUrl: z.string().optional(),
  sourceKey: z.string(),
  path: z.string(),
  /** When it was first put off because its host was busy. */
  waitingSince: moment.optional(),
});

/** `images`: the pictures of an article that could not be reached, fetched again outside the flow. */
export const refetchPayload = z.strictObject({
  kind: z.literal('refetch'),
  /** Without its text: the article is in the state by then. */
  observation: presentSchema,
  /** All declared pictures, in the order of the file, and what is known of each. */
  pictures: z.array(z.strictObject({ declared: declaredImageSchema, image: recordImageSchema })).min(1),
  baseUrl: z.string().optional(),
  /** Fetches outside the flow so far. */
  attempt: z.number().int().nonnegative(),
  waitingSince: moment.optional(),
});

export const imagesPayload = z.discriminatedUnion('kind', [picturePayload, refetchPayload]);

/** What a picture's job hands to the `scores` job that waits for it. */
export const imagesResult = z.strictObject({
  index: z.number().int().nonnegative(),
  image: recordImageSchema,
  /** The host asked to be left alone until then, or rests until then. */
  notBefore: moment.optional(),
});

/** `deliveries-NAME`: wakes a sink. What is to be delivered is in the log, not in the job. */
export const deliveriesPayload = z.strictObject({});

export type ScoresPayload = z.infer<typeof scoresPayload>;
export type PicturePayload = z.infer<typeof picturePayload>;
export type RefetchPayload = z.infer<typeof refetchPayload>;
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

/** Id of the job that fetches an observation's pictures again for the so-many-and-first time. */
export function refetchJobId(observation: Pick<Observation, 'key' | 'number'>, attempt: number): string {
  return `refetch-${observationJobId(observation)}-${attempt}`;
}

/** Id of a job of these observations: of its own for one, else made from all of theirs. */
export function chunkJobId(observations: readonly Observation[]): string {
  const ids = observations.map(observationJobId);
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return only;
  return `chunk-${createHash('sha256').update(ids.join()).digest('hex').slice(0, 32)}`;
}
