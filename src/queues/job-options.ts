import type { JobsOptions, WorkerOptions } from 'bullmq';

const DAY_S = 24 * 3600;

/**
 * Attempts of a stage's job. More than one even for work that cannot fail by itself: on Postgres a connection lost
 * at the completion write fails a finished job.
 */
const STAGE_ATTEMPTS = 5;
const STAGE_BACKOFF_MS = 500;
/** A sink is never given up on: its events wait in the log. */
const DELIVERY_ATTEMPTS = 1_000_000;
/** Name of our own back-off in job options: BullMQ's exponential one has no ceiling. */
const BACKOFF = 'galley';
const BACKOFF_CEILING_MS = 30_000;

/** Options of a stage's job. Jobs that failed for good stay for a week, 5,000 at most. */
export function stageJob(jobId: string): JobsOptions {
  return {
    jobId,
    attempts: STAGE_ATTEMPTS,
    backoff: { type: BACKOFF, delay: STAGE_BACKOFF_MS },
    // What was done is in the state; to keep even a few completed jobs more than halves the rate on Postgres.
    removeOnComplete: true,
    removeOnFail: { age: 7 * DAY_S, count: 5000 },
    keepLogs: 50,
    stackTraceLimit: 20,
  };
}

/** Options of the job that wakes a sink: at most one active and one waiting, however many commits ask for it. */
export function deliveryJob(): JobsOptions {
  return {
    attempts: DELIVERY_ATTEMPTS,
    backoff: { type: BACKOFF, delay: STAGE_BACKOFF_MS },
    deduplication: { id: 'wake', keepLastIfActive: true },
    removeOnComplete: true,
    removeOnFail: { age: 7 * DAY_S, count: 1000 },
    keepLogs: 50,
    stackTraceLimit: 20,
  };
}

/**
 * Exponential back-off with full jitter over its upper half, in milliseconds: 0.5 to 1 s, 1 to 2 s, … up to 30 s.
 * @param attemptsMade attempts so far, from 1
 * @param random from 0 to 1
 */
export function backoffMs(attemptsMade: number, random: number): number {
  const full = Math.min(BACKOFF_CEILING_MS, STAGE_BACKOFF_MS * 2 ** Math.min(attemptsMade, 16));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Bounds of the time for which a job whose host is busy is put off: in a flow, and outside it where nobody waits. */
const PUT_OFF_MS = { flow: { from: 100, to: 4000 }, later: { from: 1000, to: 60_000 } } as const;

/**
 * How long a job whose host has no free slot is put off, in milliseconds: as long as the host suggests, and half as long
 * as the job has been waiting already, so that many that wait for one slow host do not keep the queue busy.
 * @param waitMs what the host's slots suggest
 * @param waitedMs since it was first put off
 * @param random from 0 to 1
 */
export function putOffMs(
  where: keyof typeof PUT_OFF_MS,
  { waitMs, waitedMs, random }: { waitMs: number; waitedMs: number; random: number },
): number {
  const { from, to } = PUT_OFF_MS[where];
  const full = Math.min(to, Math.max(from, waitMs, waitedMs / 2));
  return Math.round(full * (0.75 + random / 2));
}

const DAY_MS = DAY_S * 1000;

/**
 * When pictures that could not be reached are fetched again, in milliseconds from now: a quarter less to a quarter more
 * than planned, so that what failed together does not come back together; a little after what their hosts asked for
 * where that is longer, and after a day at the latest.
 * @param attempt fetches outside the flow so far
 * @param leftMs the longest time for which one of the hosts wants to be left alone
 * @param random from 0 to 1
 * @returns null when the planned delays are used up
 */
export function refetchDelayMs(
  delaysMs: readonly number[],
  { attempt, leftMs, random }: { attempt: number; leftMs: number; random: number },
): number | null {
  const planned = delaysMs[attempt];
  if (planned === undefined) return null;
  const delay = Math.max(planned * (0.75 + random / 2), leftMs * (1 + random / 10));
  return Math.round(Math.min(delay, DAY_MS));
}

/** A job whose lock is this old belongs to a dead process. Short, since CPU work never holds the event loop that long. */
export const LOCK_MS = 5000;
export const STALLED_CHECK_MS = 2500;

/** The same for every worker: on Redis the longest stalled interval would throttle all. */
export const WORKER_OPTIONS = {
  lockDuration: LOCK_MS,
  stalledInterval: STALLED_CHECK_MS,
  // A job caught by two crashes is not to blame: the default of 1 would fail it for good.
  maxStalledCount: 10,
  runRetryDelay: 1000,
  settings: { backoffStrategy: (attemptsMade: number) => backoffMs(attemptsMade, Math.random()) },
} as const satisfies Partial<WorkerOptions>;
