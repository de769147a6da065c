import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Backend, JobQueue } from '../../src/queues/backends/contract.js';
import { articlesPayload, observationJobId } from '../../src/queues/payloads.js';
import type { StateStore } from '../../src/shared/state/contract.js';
import type { Observation, Sighting } from '../../src/shared/state/observation.js';
import { ArticleIntake } from '../../src/watcher/intake.js';
import { accepted } from '../contracts/commit-inputs.js';
import { silent, TEST_BACKENDS, type TestServer } from '../support/test-backends.js';

/** What the intake promises to hold at most. */
const LIMIT = 1000;

describe('the intake', () => {
  let server: TestServer | undefined;
  let namespaces = 0;
  let backend: Backend;
  let state: StateStore;
  let queue: JobQueue;
  let intake: ArticleIntake;
  let failedJobs: (jobIds: readonly string[]) => boolean;

  beforeAll(async () => {
    // Its rules are the same on every backend; the first that can be started will do.
    server = await TEST_BACKENDS[0]?.start();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    if (!server) throw new Error('The server did not start.');
    backend = await server.open(`intake-${++namespaces}`);
    // A copy whose calls a test can hold up.
    state = { ...backend.state };
    queue = backend.queue('articles');
    failedJobs = () => false;
    intake = new ArticleIntake({
      state,
      queue,
      jobs: { areOver: async (jobIds) => failedJobs(jobIds) },
      log: silent,
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await intake.close();
    await queue.close();
    await backend.close();
  });

  /** Observations of the jobs that wait, a list a job, in the order of their numbers. */
  async function jobs(): Promise<Observation[][]> {
    const waiting = await queue.getWaiting();
    return waiting
      .map(({ data }) => articlesPayload.parse(data).observations)
      .toSorted((a, b) => (a[0]?.number ?? 0) - (b[0]?.number ?? 0));
  }

  async function sent(count: number): Promise<Observation[]> {
    return vi.waitFor(async () => {
      const observations = (await jobs()).flat();
      expect(observations).toHaveLength(count);
      return observations;
    }, 10_000);
  }

  async function give(from: number, to: number): Promise<void> {
    const names = Array.from({ length: to - from + 1 }, (_, i) => `${from + i}.md`);
    await Promise.all(names.map((name) => intake.present(sighting(name))));
  }

  describe('sends', () => {
    test('an article alone as a job of its own, with its text, while nothing else is under way', async () => {
      await intake.present(sighting('a.md'));
      const [observation] = await sent(1);
      expect(observation).toMatchObject({
        kind: 'present',
        key: 'inbox/a.md',
        path: 'a.md',
        text: 'text of a.md',
      });
      const [job] = await queue.getWaiting();
      expect(job).toMatchObject({
        name: 'a.md',
        id: observationJobId(observation ?? { key: '', number: 0 }),
      });
    });

    test('a burst in jobs of a few, a backlog in full chunks', async () => {
      await give(1, 20);
      await sent(20);
      expect((await jobs()).every((job) => job.length === 1)).toBe(true);
      await give(21, 120);
      await sent(120);
      await give(121, 320);
      await sent(320);
      const sizes = (await jobs()).map((job) => job.length);
      expect(Math.max(...sizes)).toBe(25);
      expect(sizes.filter((size) => size === 25)).toHaveLength(8);
    });

    test('numbers that rise in the order in which things were given, a move with one for its old path', async () => {
      await intake.present(sighting('a.md'));
      await intake.gone({ key: 'inbox/b.md', path: 'b.md' });
      await intake.present({ ...sighting('d.md'), movedFrom: { key: 'inbox/c.md', path: 'c.md' } });
      const [a, b, d] = (await sent(3)).toSorted((one, other) => one.number - other.number);
      expect(a).toMatchObject({ key: 'inbox/a.md' });
      expect(b).toMatchObject({ kind: 'gone', key: 'inbox/b.md' });
      const number = d?.number ?? 0;
      expect(d).toMatchObject({ key: 'inbox/d.md', movedFrom: { key: 'inbox/c.md', number: number - 1 } });
      expect(number - 1).toBeGreaterThan(b?.number ?? 0);
    });

    test('a large text as a blob, and no more than 128 KiB of text in a job', async () => {
      const large = 'x'.repeat(32 * 1024 + 1);
      await intake.present({ ...sighting('large.md'), text: large });
      const [observation] = await sent(1);
      expect(observation).toMatchObject({ blob: true });
      expect(observation).not.toHaveProperty('text');
      expect(await state.blob('fingerprint of large.md')).toBe(large);

      await give(1, 120);
      await sent(121);
      const names = Array.from({ length: 20 }, (_, i) => `long-${i}.md`);
      const text = 'x'.repeat(30 * 1024);
      await Promise.all(names.map((name) => intake.present({ ...sighting(name), text })));
      await sent(141);
      const long = (await jobs()).filter((job) => job.some(({ path }) => path.startsWith('long')));
      expect(Math.max(...long.map((job) => job.length))).toBe(4);
    });

    test('what comes just as a sending ends', async () => {
      const add = vi.spyOn(queue, 'addBulk').mockResolvedValue([]);
      let number = 1;
      state.nextNumbers = async (count) => (number += count) - count;
      let given = 0;
      for (let turns = 0; turns < 40; turns++) {
        await intake.present(sighting(`${++given}.md`));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await intake.present(sighting(`${++given}.md`));
        await new Promise((resolve) => setImmediate(resolve));
        expect(add.mock.calls.flatMap(([list]) => list)).toHaveLength(given);
      }
    });
  });

  describe('holds back', () => {
    test('what is given beyond its limit, until something is committed', async () => {
      await give(1, LIMIT);
      const observations = await sent(LIMIT);
      const extra = Array.from({ length: 30 }, (_, i) => intake.present(sighting(`extra-${i}.md`)));
      const accepted_ = counting(extra);
      await turns();
      expect(accepted_.count).toBe(0);

      for (const { key, number } of observations.slice(0, 10)) intake.noteCommitted(key, number);
      await vi.waitFor(() => expect(accepted_.count).toBe(10));
      await turns();
      expect(accepted_.count).toBe(10);
      expect(intake.underWay).toBe(LIMIT);
      for (const { key, number } of observations.slice(10)) intake.noteCommitted(key, number);
      await Promise.all(extra);
    });

    test('counts what it is still numbering', async () => {
      const held = deferred();
      state.nextNumbers = async (count) => {
        await held.promise;
        return backend.state.nextNumbers(count);
      };
      const all = counting(
        Array.from({ length: LIMIT + 200 }, (_, i) => intake.present(sighting(`${i}.md`))),
      );
      await turns();
      expect(all.count).toBe(LIMIT);
      expect(intake.underWay).toBe(LIMIT);
      held.resolve();
      await sent(LIMIT);
      await intake.close();
      await vi.waitFor(() => expect(all.count).toBe(LIMIT + 200));
    });
  });

  describe('is settled', () => {
    test('at once when nothing was given, and when what was given is committed, whoever did it', async () => {
      await intake.settled();
      await intake.present(sighting('a.md'));
      await intake.present(sighting('b.md'));
      const settled = counting([intake.settled()]);
      const [a, b] = await sent(2);
      intake.noteCommitted(a?.key ?? '', a?.number ?? 0);
      await turns();
      expect(settled.count).toBe(0);
      // As another process does.
      await backend.state.commit([accepted({ key: b?.key ?? '', number: b?.number ?? 0 })]);
      await vi.waitFor(() => expect(settled.count).toBe(1), 10_000);
      expect(intake.underWay).toBe(0);
    });

    test('not before what is being numbered is committed, though later things wait behind it', async () => {
      await intake.present(sighting('first.md'));
      const [first] = await sent(1);
      const held = deferred();
      state.nextNumbers = async (count) => {
        await held.promise;
        return backend.state.nextNumbers(count);
      };
      await intake.present(sighting('a.md'));
      await turns();
      const settled = counting([intake.settled()]);
      await intake.present(sighting('b.md'));
      intake.noteCommitted('inbox/first.md', first?.number ?? 0);
      await turns();
      expect(settled.count).toBe(0);

      held.resolve();
      const a = (await sent(3)).find(({ path }) => path === 'a.md');
      intake.noteCommitted('inbox/a.md', a?.number ?? 0);
      await vi.waitFor(() => expect(settled.count).toBe(1));
      expect(intake.underWay).toBe(1);
    });

    test('when a commit is noted while its job is still being sent', async () => {
      const held = deferred();
      const numbers: number[] = [];
      vi.spyOn(queue, 'addBulk').mockImplementation(async (list) => {
        for (const { data } of list) {
          for (const { key, number } of articlesPayload.parse(data).observations) {
            numbers.push(number);
            intake.noteCommitted(key, number);
          }
        }
        await held.promise;
        return [];
      });
      await intake.present(sighting('a.md'));
      await vi.waitFor(() => expect(numbers).toHaveLength(1));
      const settled = counting([intake.settled()]);
      held.resolve();
      await vi.waitFor(() => expect(settled.count).toBe(1));
    });

    test('of what was given before, whatever comes of the same source after', async () => {
      await intake.present(sighting('a.md'));
      const [first] = await sent(1);
      const settled = counting([intake.settled()]);
      await intake.present({ ...sighting('a.md'), fingerprint: 'another' });
      const second = (await sent(2)).find(({ number }) => number !== first?.number);
      await turns();
      expect(settled.count).toBe(0);
      intake.noteCommitted('inbox/a.md', first?.number ?? 0);
      await vi.waitFor(() => expect(settled.count).toBe(1));
      expect(intake.underWay).toBe(1);

      const all = counting([intake.settled()]);
      intake.noteCommitted('inbox/a.md', second?.number ?? 0);
      await vi.waitFor(() => expect(all.count).toBe(1));
    });

    test('by a later reading that is committed, whatever became of the earlier one', async () => {
      await intake.present(sighting('a.md'));
      await sent(1);
      await intake.present({ ...sighting('a.md'), fingerprint: 'another' });
      const numbers = (await sent(2)).map(({ number }) => number);
      intake.noteCommitted('inbox/a.md', Math.max(...numbers));
      await intake.settled();
      expect(intake.underWay).toBe(0);
    });

    test('when jobs have failed for good, whose keys it names until they are given again', async () => {
      const now = performance.now.bind(performance);
      let ahead = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
      await intake.present(sighting('a.md'));
      await intake.present(sighting('b.md'));
      const [a, b] = (await sent(2)).toSorted((one, other) => (one.path < other.path ? -1 : 1));
      const settled = intake.settled();
      failedJobs = (jobIds) => jobIds.includes(observationJobId(a ?? { key: '', number: 0 }));
      ahead = 4000;
      await vi.waitFor(() => expect([...intake.failed]).toEqual(['inbox/a.md']), 10_000);
      intake.noteCommitted('inbox/b.md', b?.number ?? 0);
      await settled;
      await intake.present(sighting('a.md'));
      expect([...intake.failed]).toEqual([]);
    });

    test('and names no source whose later reading is still on its way', async () => {
      const now = performance.now.bind(performance);
      let ahead = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
      await intake.present(sighting('a.md'));
      const [first] = await sent(1);
      await intake.present({ ...sighting('a.md'), fingerprint: 'another' });
      await sent(2);
      failedJobs = (jobIds) => jobIds.includes(observationJobId(first ?? { key: '', number: 0 }));
      ahead = 4000;
      await vi.waitFor(() => expect(intake.underWay).toBe(1), 10_000);
      expect([...intake.failed]).toEqual([]);
    });
  });

  describe('in bad times', () => {
    test('goes on when the backend was away for a while, and each thing arrives', async () => {
      let away = 2;
      state.nextNumbers = (count) =>
        away-- > 0 ? Promise.reject(new Error('away')) : backend.state.nextNumbers(count);
      vi.spyOn(queue, 'addBulk').mockRejectedValueOnce(new Error('away'));
      await give(1, 3);
      const settled = counting([intake.settled()]);
      const observations = await sent(3);
      expect(new Set(observations.map(({ key }) => key)).size).toBe(3);
      expect(intake.underWay).toBe(3);
      expect(settled.count).toBe(0);
      for (const { key, number } of observations) intake.noteCommitted(key, number);
      await vi.waitFor(() => expect(settled.count).toBe(1));
    });

    test('one thing that fits no job fails alone, and holds nothing up', async () => {
      const bad = sighting('bad.md');
      const given = [
        intake.present(sighting('a.md')),
        intake.present({ ...bad, stat: { ...bad.stat, bytes: -1 } }),
        intake.present(sighting('b.md')),
      ];
      await Promise.all(given);
      const observations = await sent(2);
      await vi.waitFor(() => expect([...intake.failed]).toEqual(['inbox/bad.md']));
      for (const { key, number } of observations) intake.noteCommitted(key, number);
      await intake.settled();
      expect(intake.underWay).toBe(0);
    });

    test('lets go whoever waits when it closes, and takes nothing more', async () => {
      await give(1, LIMIT);
      const waiting = counting([intake.present(sighting('late.md')), intake.settled()]);
      await turns();
      expect(waiting.count).toBe(0);
      await intake.close();
      await vi.waitFor(() => expect(waiting.count).toBe(2));
      await intake.present(sighting('later.md'));
      await intake.settled();
      const paths = (await jobs()).flat().map(({ path }) => path);
      expect(paths).not.toContain('late.md');
      expect(paths).not.toContain('later.md');
    });
  });
});

function sighting(name: string): Sighting {
  return {
    kind: 'present',
    key: `inbox/${name}`,
    path: name,
    stat: {
      bytes: 1,
      mtimeNs: '1700000000000000000',
      ctimeNs: '1700000000000000001',
      inode: '7',
      settled: true,
    },
    fingerprint: `fingerprint of ${name}`,
    text: `text of ${name}`,
  };
}

/** How many of these have come about so far. */
function counting(promises: readonly Promise<unknown>[]): { readonly count: number } {
  const counted = { count: 0 };
  for (const promise of promises) void promise.then(() => counted.count++);
  return counted;
}

/** Lets everything run that waits for nothing from outside. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
