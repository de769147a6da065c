import { DelayedError, type Job } from 'bullmq';

/**
 * Ends this run of a job and gives its worker to others; the job comes back after the delay, not counted as a failure.
 * @param data what the job is to know by then; null where that does not change
 */
export async function putOff(
  job: Job,
  token: string | undefined,
  delayMs: number,
  data: object | null,
): Promise<never> {
  if (data) await job.updateData(data);
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}
