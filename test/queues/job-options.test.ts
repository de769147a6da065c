import { describe, expect, it } from 'vitest';
import { putOffMs, refetchDelayMs } from '../../src/queues/job-options.js';

const DAY_MS = 24 * 3600 * 1000;

describe('the time for which a job is put off while its host is busy', () => {
  it('grows with the time that it has been waiting, within bounds', () => {
    const delays = [0, 1000, 4000, 20_000].map((waitedMs) =>
      putOffMs('flow', { waitMs: 0, waitedMs, random: 0.5 }),
    );
    expect(delays).toEqual([100, 500, 2000, 4000]);
    expect(putOffMs('later', { waitMs: 0, waitedMs: 0, random: 0.5 })).toBe(1000);
    expect(putOffMs('later', { waitMs: 0, waitedMs: DAY_MS, random: 0.5 })).toBe(60_000);
  });

  it('follows what the host suggests, spread by a quarter to both sides', () => {
    const at = (random: number): number => putOffMs('flow', { waitMs: 1000, waitedMs: 0, random });
    expect([at(0), at(0.5), at(1)]).toEqual([750, 1000, 1250]);
  });
});

describe('the time after which unreached pictures are fetched again', () => {
  const delays = [1000, 60_000];

  it('is as planned for each try, spread by a quarter to both sides, until none is left', () => {
    const at = (attempt: number, random: number): number | null =>
      refetchDelayMs(delays, { attempt, leftMs: 0, random });
    expect([at(0, 0), at(0, 0.5), at(0, 1)]).toEqual([750, 1000, 1250]);
    expect(at(1, 0.5)).toBe(60_000);
    expect(at(2, 0.5)).toBeNull();
    expect(refetchDelayMs([], { attempt: 0, leftMs: 0, random: 0 })).toBeNull();
  });

  it('is never before a host allows it, and a day at most', () => {
    expect(refetchDelayMs(delays, { attempt: 0, leftMs: 5000, random: 0 })).toBe(5000);
    expect(refetchDelayMs(delays, { attempt: 0, leftMs: 5000, random: 1 })).toBe(5500);
    expect(refetchDelayMs(delays, { attempt: 0, leftMs: DAY_MS, random: 1 })).toBe(DAY_MS);
  });
});
