import type { Job } from 'bullmq';
import { pino, type Logger } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Backend, JobQueue } from '../../src/queues/backends/contract.js';
import { deliveryQueue } from '../../src/queues/names.js';
import { SinkUnavailableError } from '../../src/shared/errors/errors.js';
import { eventSchema } from '../../src/shared/events/event.js';
import type { SinkPlace, StateStore } from '../../src/shared/state/contract.js';
import { Deliverer } from '../../src/workers/deliver.js';
import { permanentAsUnrecoverable } from '../../src/workers/permanent.js';
import { wakeSink } from '../../src/workers/waker.js';
import { accepted, bodyOf } from '../contracts/commit-inputs.js';
import { silent, TEST_BACKENDS, type TestServer } from '../support/test-backends.js';
import { ScriptedSink, upTo } from './scripted-sink.js';

const SINK = 'scripted';
const RUNNING = new AbortController().signal;

describe.each(TEST_BACKENDS)('deliveries on $name', ({ start }) => {
  let server: TestServer | undefined;
  let namespaces = 0;
  let backend: Backend;
  let state: StateStore;
  let queue: JobQueue;
  let job: Job;
  let sink: ScriptedSink;
  let committed = 0;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    if (!server) throw new Error('The server did not start.');
    backend = await server.open(`deliver-${++namespaces}`);
    ({ state } = backend);
    queue = backend.queue(deliveryQueue(SINK));
    await state.registerSink(SINK);
    job = await queue.add('deliver', {});
    sink = new ScriptedSink();
    committed = 0;
  });
  afterEach(async () => {
    await queue.close();
    await backend.close();
    if (sink.breaches.length > 0) throw new Error(`The sink's contract was broken: ${sink.breaches.join()}`);
  });

  async function commit(count: number): Promise<void> {
    const inputs = Array.from({ length: count }, () => {
      committed += 1;
      const key = `inbox/${committed}.md`;
      return accepted({ key, number: committed, body: bodyOf(key, 'one') });
    });
    for (let from = 0; from < count; from += 200) await state.commit(inputs.slice(from, from + 200));
  }

  function deliverer(log: Logger = silent): Deliverer {
    return new Deliverer({ name: SINK, sink, state, queue, log });
  }

  async function place(): Promise<SinkPlace> {
    const found = (await state.sinks()).find(({ name }) => name === SINK);
    if (!found) throw new Error('The sink is not registered.');
    return found;
  }

  describe('in good times', () => {
    test('brings all events in the order of the log, in batches, and moves the cursor', async () => {
      await commit(600);
      await deliverer().run(job, 'token', RUNNING);

      expect(sink.taken).toEqual(numbers(1, 600));
      expect(sink.given.map((batch) => batch.length)).toEqual([250, 250, 100]);
      expect(await place()).toMatchObject({ number: 600, trouble: '' });
      expect(sink.place).toEqual({ logId: state.logId, generation: 0, number: 600 });
    });

    test('gives each event as one line of JSON, with its parts and its sequence', async () => {
      await commit(1);
      sink.scenes.push(({ deliveries: [delivery] }) => {
        expect(delivery).toMatchObject({
          number: 1,
          eventId: 'article-of-inbox/1.md:1:created:1',
          version: 1,
        });
        expect(delivery?.event()).toEqual(JSON.parse(delivery?.json ?? ''));
        return { kind: 'done', taken: 1 };
      });
      await deliverer().run(job, 'token', RUNNING);
      const [line = ''] = sink.lines;
      expect(line).not.toContain('\n');
      const envelope = eventSchema.options[0].omit({ data: true });
      expect(envelope.parse(JSON.parse(line))).toMatchObject({
        sequence: `${state.logId}.1`,
        subject: '1.md',
      });
    });

    test('brings what is new and nothing twice when it runs again, also for a sink that remembers nothing', async () => {
      for (const remembers of [true, false]) {
        sink.remembers = remembers;
        await commit(3);
        await deliverer().run(job, 'token', RUNNING);
        await deliverer().run(job, 'token', RUNNING);
      }
      expect(sink.taken).toEqual(numbers(1, 6));
    });

    test('a tick adds the waking and takes no lease', async () => {
      await commit(1);
      const before = await place();
      await deliverer().run(await queue.add('tick', {}), 'token', RUNNING);
      expect(await place()).toEqual(before);
      expect(sink.calls).toEqual([]);
      expect((await queue.getWaiting()).map(({ name }) => name).toSorted()).toEqual([
        'deliver',
        'deliver',
        'tick',
      ]);
    });

    test('stops between batches when the process stops, and the next run goes on', async () => {
      await commit(600);
      const stopping = new AbortController();
      sink.scenes.push(({ deliveries }) => {
        stopping.abort();
        return { kind: 'done', taken: deliveries.length };
      });
      await deliverer().run(job, 'token', stopping.signal);
      expect(sink.taken).toEqual(numbers(1, 250));
      await deliverer().run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 600));
    });

    test('ends after some seconds and wakes itself for the rest', async () => {
      await commit(600);
      await queue.drain();
      const now = performance.now.bind(performance);
      let ahead = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
      sink.scenes.push(({ deliveries }) => {
        ahead = 6000;
        return { kind: 'done', taken: deliveries.length };
      });
      try {
        await deliverer().run(job, 'token', RUNNING);
      } finally {
        vi.restoreAllMocks();
      }
      expect(sink.taken).toEqual(numbers(1, 250));
      expect(await queue.getWaitingCount()).toBe(1);
    });
  });

  describe('places', () => {
    test('the place that the sink remembers wins over the cursor, ahead of it or behind', async () => {
      await commit(10);
      for (const number of [4, 0, 7]) {
        sink.taken.length = 0;
        sink.place = { logId: state.logId, generation: 0, number };
        await deliverer().run(job, 'token', RUNNING);
        expect(sink.taken).toEqual(numbers(number + 1, 10));
      }
    });

    test('a place of another log or of another generation does not count', async () => {
      await commit(4);
      sink.place = { logId: 'another', generation: 0, number: 3 };
      await deliverer().run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 4));

      await state.setSink(SINK, 2);
      await deliverer().run(job, 'token', RUNNING);
      expect(sink.taken).toEqual([...numbers(1, 4), 3, 4]);
      expect(sink.place).toEqual({ logId: state.logId, generation: 1, number: 4 });
    });

    test('whoever loses the lease stops, moves nothing, and leaves the rest to the other', async () => {
      await commit(600);
      sink.scenes.push(async ({ deliveries }) => {
        await state.leaseSink(SINK);
        return { kind: 'done', taken: deliveries.length };
      });
      await deliverer().run(job, 'token', RUNNING);
      expect(sink.given).toHaveLength(1);
      expect((await place()).number).toBe(0);

      await deliverer().run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 600));
    });

    test('a place ahead of the log is warned of, and later events are numbered past it', async () => {
      await commit(3);
      sink.place = { logId: state.logId, generation: 0, number: 50 };
      const log = listening();
      await deliverer(log.log).run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 3));
      expect(log.lines.map(({ level, msg }) => [level, msg])).toEqual([
        ['warn', expect.stringMatching(/is ahead of the log/)],
      ]);

      await commit(2);
      await deliverer(log.log).run(job, 'token', RUNNING);
      expect(sink.taken).toEqual([1, 2, 3, 51, 52]);
      expect(log.lines).toHaveLength(1);
    });

    test('nothing is lost behind a place ahead of the log when the sink fails just then', async () => {
      await commit(2);
      await deliverer().run(job, 'token', RUNNING);
      await commit(1);
      sink.place = { logId: state.logId, generation: 0, number: 50 };
      sink.scenes.push(upTo(3, { kind: 'retry' }));
      await expect(deliverer().run(job, 'token', RUNNING)).rejects.toThrow(SinkUnavailableError);
      await commit(1);
      await deliverer().run(job, 'token', RUNNING);
      expect(sink.taken).toEqual([1, 2, 3, 51]);
    });
  });

  describe('in bad times', () => {
    test('a lost connection is opened again, and each event is delivered once', async () => {
      await commit(5);
      sink.scenes.push(upTo(3, { kind: 'lost' }));
      const one = deliverer();
      await expect(one.run(job, 'token', RUNNING)).rejects.toThrow(SinkUnavailableError);
      expect(sink.calls).toEqual(['open', 'deliver', 'close']);
      expect((await place()).number).toBe(2);
      await one.run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 5));
    });

    test('a sink that throws instead of answering is opened again like a lost one', async () => {
      await commit(2);
      sink.scenes.push(() => {
        throw new Error('out of its mind');
      });
      const one = deliverer();
      await expect(one.run(job, 'token', RUNNING)).rejects.toThrow(/out of its mind/);
      expect(sink.calls.at(-1)).toBe('close');
      expect((await place()).trouble).toContain('out of its mind');
      await one.run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 2));
    });

    test('a refused event goes to the dead letters and the rest goes on, in the same run', async () => {
      await commit(5);
      const log = listening();
      sink.scenes.push(upTo(3, { kind: 'refused' }));
      await deliverer(log.log).run(job, 'token', RUNNING);

      expect(sink.taken).toEqual([1, 2, 4, 5]);
      expect(await state.deadLetters(SINK)).toMatchObject([
        {
          number: 3,
          eventId: 'article-of-inbox/3.md:1:created:1',
          subject: '3.md',
          reason: 'it does not like 3',
        },
      ]);
      expect(await place()).toMatchObject({ number: 5, deadLetters: 1, trouble: '' });
      expect(log.lines.map(({ level }) => level)).toEqual(['error']);
    });

    test('a refused event at the end of the log is not tried again by later runs', async () => {
      await commit(3);
      sink.scenes.push(upTo(2, { kind: 'refused' }), upTo(3, { kind: 'refused' }));
      const one = deliverer();
      await one.run(job, 'token', RUNNING);
      await one.run(job, 'token', RUNNING);
      expect(sink.given).toEqual([[1, 2, 3], [3]]);

      await commit(1);
      await deliverer().run(job, 'token', RUNNING);
      expect(sink.given).toEqual([[1, 2, 3], [3], [4]]);
      expect((await place()).deadLetters).toBe(2);
    });

    test('an event that fails ten times while the check passes is a dead letter, and the rest goes on', async () => {
      await commit(4);
      const one = deliverer();
      for (let i = 0; i < 9; i++) {
        sink.scenes.push(upTo(2, { kind: 'lost' }));
        await expect(one.run(job, 'token', RUNNING)).rejects.toThrow(SinkUnavailableError);
      }
      expect(await state.deadLetters(SINK)).toEqual([]);
      await queue.drain();
      sink.scenes.push(upTo(2, { kind: 'lost' }));
      await one.run(job, 'token', RUNNING);
      expect(await state.deadLetters(SINK)).toMatchObject([{ number: 2, reason: 'it does not like 2' }]);
      // The job wakes the next, which goes on behind the event at once.
      expect(await queue.getWaitingCount()).toBe(1);
      await one.run(job, 'token', RUNNING);
      expect(sink.taken).toEqual([1, 3, 4]);
    });

    test('no event is to blame while the check fails, nor where others got through in between', async () => {
      await commit(4);
      const one = deliverer();
      sink.checkFails = new Error('down');
      for (let i = 0; i < 12; i++) {
        sink.scenes.push(upTo(1, { kind: 'lost' }));
        await expect(one.run(job, 'token', RUNNING)).rejects.toThrow(SinkUnavailableError);
      }
      sink.checkFails = null;
      for (const number of [2, 3, 4]) {
        sink.scenes.push(upTo(number, { kind: 'lost' }));
        await expect(one.run(job, 'token', RUNNING)).rejects.toThrow(SinkUnavailableError);
      }
      await one.run(job, 'token', RUNNING);
      expect(sink.taken).toEqual(numbers(1, 4));
      expect(await state.deadLetters(SINK)).toEqual([]);
    });

    test('trouble is told and noted once, and taken back when events are taken again', async () => {
      await commit(1);
      const log = listening();
      const one = deliverer(log.log);
      sink.openFails = new Error('it is not there');
      for (let i = 0; i < 3; i++) {
        await expect(one.run(job, 'token', RUNNING)).rejects.toThrow(/it is not there/);
      }
      expect((await place()).trouble).toBe('it is not there');
      sink.openFails = null;
      await one.run(job, 'token', RUNNING);
      expect((await place()).trouble).toBe('');
      expect(log.lines.map(({ level, msg }) => [level, msg])).toEqual([
        ['warn', expect.stringMatching(/is down: it is not there/)],
        ['info', expect.stringMatching(/takes events again/)],
      ]);
    });

    test('trouble that a process left behind is taken back by the next', async () => {
      await commit(1);
      sink.openFails = new Error('it is not there');
      await expect(deliverer().run(job, 'token', RUNNING)).rejects.toThrow(SinkUnavailableError);
      sink.openFails = null;
      await deliverer().run(job, 'token', RUNNING);
      expect((await place()).trouble).toBe('');
    });
  });

  describe('in a worker', () => {
    test('a sink that asks for a while gets it, and no job counts as failed', async () => {
      await commit(2);
      await queue.drain();
      const given: number[] = [];
      const noting = ({ deliveries }: { deliveries: readonly unknown[] }, kind: 'retry' | 'done') => {
        given.push(Date.now());
        return kind === 'done'
          ? { kind, taken: deliveries.length }
          : { kind, taken: 0, reason: 'busy', waitMs: 300 };
      };
      sink.scenes.push(
        (batch) => noting(batch, 'retry'),
        (batch) => noting(batch, 'done'),
      );
      await working(async () => {
        await wakeSink(queue);
        await vi.waitFor(() => expect(sink.taken).toEqual([1, 2]), 10_000);
        await vi.waitFor(async () => expect((await place()).trouble).toBe(''));
      });
      const [first = 0, second = 0] = given;
      expect(second - first).toBeGreaterThanOrEqual(290);
      expect(await queue.getFailedCount()).toBe(0);
    });

    test('a sink that was down gets everything once it is back, and wakings while it is down are not lost', async () => {
      await commit(2);
      await queue.drain();
      sink.openFails = new Error('down');
      await working(async () => {
        await wakeSink(queue);
        await vi.waitFor(() => expect(sink.calls).toContain('open'), 10_000);
        await commit(3);
        await wakeSink(queue);
        sink.openFails = null;
        await vi.waitFor(() => expect(sink.taken).toEqual(numbers(1, 5)), 10_000);
      });
    });

    test('a waking while a job runs is not lost', async () => {
      await commit(1);
      await queue.drain();
      sink.remembers = false;
      sink.scenes.push(async ({ deliveries }) => {
        await commit(1);
        await wakeSink(queue);
        await wakeSink(queue);
        return { kind: 'done', taken: deliveries.length };
      });
      await working(async () => {
        await wakeSink(queue);
        await vi.waitFor(() => expect(sink.taken).toEqual([1, 2]), 10_000);
        await vi.waitFor(async () => expect(await queue.count()).toBe(0), 10_000);
      });
    });
  });

  /** Runs a worker with the deliverer while the test does its part. */
  async function working(part: () => Promise<void>): Promise<void> {
    const one = deliverer();
    const stopping = new AbortController();
    const worker = backend.worker(
      deliveryQueue(SINK),
      (running, token) => permanentAsUnrecoverable(() => one.run(running, token, stopping.signal)),
      { concurrency: 1 },
    );
    try {
      await part();
    } finally {
      stopping.abort();
      await worker.close();
    }
  }
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** A log that keeps its lines. */
function listening(): { log: Logger; lines: { level: string; msg: string }[] } {
  const lines: { level: string; msg: string }[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as { level: string; msg: string });
  const log = pino({ level: 'info', formatters: { level: (label) => ({ level: label }) } }, { write });
  return { log, lines };
}
