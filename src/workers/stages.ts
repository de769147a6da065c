import type { Job } from 'bullmq';
import type { Backend, JobWorker } from '../queues/backends/contract.js';
import type { StageQueue } from '../queues/names.js';
import { permanentAsUnrecoverable } from './permanent.js';
import { images, type ImagesDeps } from './images.js';
import { score, type ScoreDeps } from './score.js';
import { validate, type ValidateDeps } from './validate.js';

/** Pictures wait for hosts more than they work, so more of them run at once than of the other stages. */
const IMAGES_PER_CONCURRENCY = 3;

/** Starts the workers of these stages. They are closed by the caller, before the backend. */
export function startStages(
  backend: Backend,
  stages: readonly StageQueue[],
  concurrency: number,
  deps: ValidateDeps & ScoreDeps & ImagesDeps,
): JobWorker[] {
  const work: Record<StageQueue, { run: (job: Job) => Promise<unknown>; concurrency: number }> = {
    articles: { run: (job) => validate(job, deps), concurrency },
    images: { run: (job) => images(job, deps), concurrency: concurrency * IMAGES_PER_CONCURRENCY },
    scores: { run: (job) => score(job, deps), concurrency },
  };
  return stages.map((stage) => {
    const { run, concurrency: atOnce } = work[stage];
    return backend.worker(stage, (job) => permanentAsUnrecoverable(() => run(job)), { concurrency: atOnce });
  });
}
