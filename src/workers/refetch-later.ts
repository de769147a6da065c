import type { JobQueue } from '../queues/backends/contract.js';
import { refetchDelayMs, stageJob } from '../queues/job-options.js';
import { checkPayload, refetchJobId, refetchPayload, type RefetchPayload } from '../queues/payloads.js';
import { isRetryableReason } from '../shared/fetch/result.js';
import type { RecordImage } from '../shared/record/schema.js';
import type { Present } from '../shared/state/observation.js';

export interface RefetchLaterDeps {
  /** The `images` queue; opened with the first article that needs it. */
  readonly imagesQueue: () => JobQueue;
  /** Planned delays from one try to the next, in milliseconds. */
  readonly retryDelaysMs: readonly number[];
}

/** Pictures of an article, some of which may not have been reached, and how often they were fetched again. */
export type Unreached = Pick<RefetchPayload, 'observation' | 'pictures' | 'attempt' | 'baseUrl'>;

/** Whether this picture may be had later without anybody changing the article. */
export function isUnreached({ reason }: RecordImage): boolean {
  return reason !== undefined && isRetryableReason(reason);
}

/**
 * Puts the job that fetches an article's unreached pictures again: one for all of them, delayed. Nothing if there are
 * none, or after the last planned try.
 *
 * Called before the commit that says they were not reached: a crash between the two loses nothing, and the job looks
 * whether that commit is there. Called again it is the same job.
 * @param leftMs the longest time for which one of their hosts wants to be left alone
 * @returns the delay, or null
 */
export async function refetchLater(
  { observation, pictures, attempt, baseUrl }: Unreached,
  leftMs: number,
  deps: RefetchLaterDeps,
): Promise<number | null> {
  if (!pictures.some(({ image }) => isUnreached(image))) return null;
  const random = Math.random();
  const delay = refetchDelayMs(deps.retryDelaysMs, { attempt, leftMs, random });
  if (delay === null) return null;
  const jobId = refetchJobId(observation, attempt);
  const payload: RefetchPayload = {
    kind: 'refetch',
    observation: withoutText(observation),
    pictures: [...pictures],
    attempt,
    ...(baseUrl === undefined ? {} : { baseUrl }),
  };
  const data = checkPayload(refetchPayload, payload, 'images', jobId);
  await deps.imagesQueue().add('refetch', data, { ...stageJob(jobId), delay });
  return delay;
}

/** The article is read from the state; the text, up to 32 KiB, or the blob, which is dropped by then, is not needed. */
function withoutText(observation: Present): Present {
  const { text: _text, blob: _blob, movedFrom: _movedFrom, sameAsCommitted: _same, ...rest } = observation;
  return rest;
}
