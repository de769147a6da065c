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
