import { describe, expect, test } from 'vitest';
import type { JobQueue } from '../../src/queues/backends/contract.js';
import type { StateStore } from '../../src/shared/state/contract.js';
import { Waker } from '../../src/workers/waker.js';
import { silent } from '../support/test-backends.js';

/** A waker of two sinks, on queues that only count. */
function counted() {
  const wakings: string[] = [];
  const closed: string[] = [];
  const failing = { state: false };
  const sinks = () =>
    failing.state ? Promise.reject(new Error('away')) : Promise.resolve([{ name: 'a' }, { name: 'b' }]);
  const waker = new Waker({
    state: { sinks } as unknown as StateStore,
    openQueue: (name) =>
      ({
        add: async () => void wakings.push(name),
        close: async () => void closed.push(name),
      }) as unknown as JobQueue,
    log: silent,
  });
  return { waker, wakings, closed, failing };
}

describe('the waker', () => {
  test('wakes every sink, and many wakings in a moment as few', async () => {
    const { waker, wakings, closed } = counted();
    for (let i = 0; i < 100; i++) waker.wake();
    await waker.close();
    expect(wakings).toEqual(['deliveries-a', 'deliveries-b']);
    expect(closed).toEqual(['deliveries-a', 'deliveries-b']);
  });

  test('loses no waking that comes just as another ends', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const { waker, wakings } = counted();
      waker.wake();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const before = wakings.length;
      waker.wake();
      await new Promise((resolve) => setImmediate(resolve));
      expect(wakings.length).toBeGreaterThan(before);
      await waker.close();
    }
  });

  test('wakes again after the state was away', async () => {
    const { waker, wakings, failing } = counted();
    failing.state = true;
    waker.wake();
    await new Promise((resolve) => setImmediate(resolve));
    failing.state = false;
    waker.wake();
    await waker.close();
    expect(wakings).toHaveLength(2);
  });

  test('opens nothing once it is closed', async () => {
    const { waker, wakings, closed } = counted();
    await waker.close();
    waker.wake();
    await new Promise((resolve) => setImmediate(resolve));
    expect(wakings).toEqual([]);
    expect(closed).toEqual([]);
  });
});
