import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  BRIEF_WAIT_MS,
  DEFAULT_HOST_LIMITS,
  HostLimits,
  type Entry,
  type HostLimitsOptions,
} from '../../src/shared/fetch/host-limits.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function limitsOf(options: Partial<HostLimitsOptions> = {}): HostLimits {
  return new HostLimits({ ...DEFAULT_HOST_LIMITS, now: () => Date.now(), ...options });
}

const patient = { isBrief: false, signal: new AbortController().signal };
const brief = { ...patient, isBrief: true };

/** What an entry has come to by now. */
function watched(entry: Promise<Entry>): { now: Entry | Error | null } {
  const seen: { now: Entry | Error | null } = { now: null };
  entry.then(
    (value) => (seen.now = value),
    (error: Error) => (seen.now = error),
  );
  return seen;
}

async function entered(limits: HostLimits, host: string): Promise<Entry & { kind: 'go' }> {
  const entry = await limits.enter(host, patient);
  if (entry.kind !== 'go') throw new Error(`not let in: ${entry.kind}`);
  return entry;
}

describe('slots of a host', () => {
  it('are so many and no more, each host with its own, and are handed on in the order of asking', async () => {
    const limits = limitsOf({ connectionsPerHost: 2 });
    const first = await entered(limits, 'a:80');
    await entered(limits, 'a:80');
    await entered(limits, 'a:8080');
    const [third, fourth] = [watched(limits.enter('a:80', patient)), watched(limits.enter('a:80', patient))];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(third.now).toBeNull();
    first.leave('answered');
    first.leave('answered');
    await vi.advanceTimersByTimeAsync(0);
    expect(third.now).toMatchObject({ kind: 'go' });
    expect(fourth.now).toBeNull();
  });

  it('are waited for by a caller in a hurry while they become free quickly', async () => {
    const limits = limitsOf({ connectionsPerHost: 1 });
    const holder = await entered(limits, 'a:80');
    const next = watched(limits.enter('a:80', brief));
    await vi.advanceTimersByTimeAsync(BRIEF_WAIT_MS - 1);
    holder.leave('answered');
    await vi.advanceTimersByTimeAsync(0);
    expect(next.now).toMatchObject({ kind: 'go' });
  });

  it('of a host that hangs are not waited for: at first for a moment, then not at all', async () => {
    const limits = limitsOf({ connectionsPerHost: 1 });
    await entered(limits, 'a:80');
    const first = watched(limits.enter('a:80', brief));
    await vi.advanceTimersByTimeAsync(BRIEF_WAIT_MS);
    expect(first.now).toMatchObject({ kind: 'busy' });
    await vi.advanceTimersByTimeAsync(1);
    const second = watched(limits.enter('a:80', brief));
    await vi.advanceTimersByTimeAsync(0);
    expect(second.now).toMatchObject({ kind: 'busy' });
  });

  it('of a slow host are waited for by few only', async () => {
    const limits = limitsOf({ connectionsPerHost: 1 });
    // Exchanges of 200 ms: two may wait within half a second, the third may not.
    for (let i = 0; i < 30; i++) {
      const { leave } = await entered(limits, 'a:80');
      await vi.advanceTimersByTimeAsync(200);
      leave('answered');
    }
    await entered(limits, 'a:80');
    const waiting = [1, 2, 3].map(() => watched(limits.enter('a:80', brief)));
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.map(({ now }) => now)).toEqual([null, null, expect.objectContaining({ kind: 'busy' })]);
  });

  it('are given to nobody who has stopped waiting', async () => {
    const limits = limitsOf({ connectionsPerHost: 1 });
    const holder = await entered(limits, 'a:80');
    const stop = new AbortController();
    const left = watched(limits.enter('a:80', { isBrief: false, signal: stop.signal }));
    const stays = watched(limits.enter('a:80', patient));
    stop.abort(new Error('left'));
    holder.leave('answered');
    await vi.advanceTimersByTimeAsync(0);
    expect(left.now).toEqual(new Error('left'));
    expect(stays.now).toMatchObject({ kind: 'go' });
    await expect(limits.enter('a:80', { isBrief: false, signal: stop.signal })).rejects.toThrow('left');
  });

  it('open no faster than the rate', async () => {
    const limits = limitsOf({ ratePerHost: 4 });
    const entries = Array.from({ length: 5 }, () => watched(limits.enter('a:80', patient)));
    const letIn = (): number => entries.filter(({ now }) => now !== null).length;
    const seen = [];
    for (let ms = 0; ms <= 1000; ms += 250) {
      await vi.advanceTimersByTimeAsync(ms === 0 ? 0 : 250);
      seen.push(letIn());
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('tell a caller in a hurry when the rate allows it', async () => {
    const limits = limitsOf({ ratePerHost: 0.5 });
    await entered(limits, 'a:80');
    expect(await limits.enter('a:80', brief)).toEqual({ kind: 'busy', waitMs: 2000 });
  });
});

describe('a host that rests', () => {
  it('is told at once, to those that wait too, and is asked by one on trial afterwards', async () => {
    const limits = limitsOf({
      connectionsPerHost: 1,
      breaker: { failures: 1, restMs: 1000, maxRestMs: 1000 },
    });
    const holder = await entered(limits, 'a:80');
    const waiting = watched(limits.enter('a:80', patient));
    holder.leave('failed');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.now).toEqual({ kind: 'resting', leftMs: 1000 });
    expect(await limits.enter('a:80', brief)).toEqual({ kind: 'resting', leftMs: 1000 });
    await entered(limits, 'b:80');
    await vi.advanceTimersByTimeAsync(1000);
    const trial = await entered(limits, 'a:80');
    expect(await limits.enter('a:80', patient)).toEqual({ kind: 'resting', leftMs: 0 });
    trial.leave('answered');
    await entered(limits, 'a:80');
  });

  it('that asked for it is left alone exactly so long', async () => {
    const limits = limitsOf();
    (await entered(limits, 'a:80')).leave('failed', 7000);
    expect(await limits.enter('a:80', patient)).toEqual({ kind: 'resting', leftMs: 7000 });
    await vi.advanceTimersByTimeAsync(7000);
    await entered(limits, 'a:80');
  });
});

describe('hosts without end', () => {
  it('take bounded memory, and those that rest are remembered longest', async () => {
    const limits = limitsOf({ breaker: { failures: 1, restMs: 60_000, maxRestMs: 60_000 } });
    (await entered(limits, 'down:80')).leave('failed');
    for (let i = 0; i < 6000; i++) (await entered(limits, `h${i}:80`)).leave('answered');
    expect(limits.size).toBe(5000);
    expect(await limits.enter('down:80', brief)).toMatchObject({ kind: 'resting' });
  });
});
