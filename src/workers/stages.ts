import type { Backend, JobProcessor, JobWorker } from '../queues/backends/contract.js';
import type { StageQueue } from '../queues/names.js';
import { permanentAsUnrecoverable } from './permanent.js';
import { images } from './images.js';
import type { RefetchDeps } from './refetch.js';
import { score, type ScoreDeps } from './score.js';
import { validate, type ValidateDeps } from './validate.js';

/** Pictures wait for hosts more than they work, so more of them run at once than of the other stages. */
const IMAGES_PER_CONCURRENCY = 3;
/** And so many that one host which hangs, with all the connections that it may have, leaves most workers to the others. */
const HOSTS_AT_ONCE = 4;

export interface StageLimits {
  /** Jobs of a stage at once. */
  readonly concurrency: number;
  readonly connectionsPerHost: number;
}

/** Starts the workers of these stages. They are closed by the caller, before the backend. */
export function startStages(
  backend: Backend,
  stages: readonly StageQueue[],
  { concurrency, connectionsPerHost }: StageLimits,
  deps: ValidateDeps & ScoreDeps & RefetchDeps,
): JobWorker[] {
  const picturesAtOnce = Math.max(concurrency * IMAGES_PER_CONCURRENCY, connectionsPerHost * HOSTS_AT_ONCE);
  const work: Record<StageQueue, { run: JobProcessor; concurrency: number }> = {
    articles: { run: (job) => validate(job, deps), concurrency },
    images: { run: (job, token) => images(job, token, deps), concurrency: picturesAtOnce },
    scores: { run: (job) => score(job, deps), concurrency },
  };
  return stages.map((stage) => {
    const { run, concurrency: atOnce } = work[stage];
    return backend.worker(stage, (job, token) => permanentAsUnrecoverable(() => run(job, token)), {
      concurrency: atOnce,
    });
  });
}
