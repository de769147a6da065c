import { DelayedError, type Job } from 'bullmq';
import type { Logger } from 'pino';
import type { JobQueue } from '../queues/backends/contract.js';
import { checkPayload, deliveriesPayload } from '../queues/payloads.js';
import { SinkUnavailableError } from '../shared/errors/errors.js';
import { composeEvent } from '../shared/events/compose.js';
import type { GalleyEvent } from '../shared/events/event.js';
import type { LogEntry } from '../shared/events/log-entry.js';
import type { SinkPlace, StateStore } from '../shared/state/contract.js';
import type { Batch, Delivery, Outcome, Place, Sink } from '../sinks/contract.js';
import { wakeSink } from './waker.js';

/** Events handed to a sink at a time. */
const BATCH = 250;
/** A job ends after this and wakes itself, so that no lock is held and no shutdown held up for long. */
const JOB_MS = 5000;
/** Failures of one event in a row, with a healthy sink, after which the event is to blame. */
const MAX_FAILURES = 10;

export interface DeliverDeps {
  readonly name: string;
  readonly sink: Sink;
  readonly state: StateStore;
  readonly queue: JobQueue;
  readonly log: Logger;
}

/**
 * The `deliveries-NAME` stage of one sink: reads the log behind the sink's place and delivers in batches, in order.
 *
 * Takes the sink's lease first, then asks the sink for the place that it remembers itself: that one wins, which makes a
 * kill between write and acknowledgement harmless. Moving the cursor needs the lease, so a process that lost it stops.
 * A sink that is down fails the job, which is tried again for ever with back-off; an event that is refused goes to
 * the dead letters and the rest goes on.
 */
export class Deliverer {
  readonly #deps: DeliverDeps;
  #troubled = false;
  /** The delivery that failed last, and how often in a row. */
  #failing = { number: -1, times: 0 };

  constructor(deps: DeliverDeps) {
    this.#deps = deps;
  }

  async run(job: Job, token: string | undefined, signal: AbortSignal): Promise<void> {
    const { queue, state, name } = this.#deps;
    checkPayload(deliveriesPayload, job.data, job.queueName, job.id ?? '?');
    if (job.name === 'tick') return wakeSink(queue);
    const lease = await state.leaseSink(name);
    let at = await this.#placeOf(lease);
    const until = performance.now() + JOB_MS;
    while (!signal.aborted) {
      const entries = await state.readLog(at, BATCH);
      if (entries.length === 0) break;
      const outcome = await this.#deliver(entries, lease.generation);
      const reached = await this.#settle(entries, outcome);
      if (reached > at && !(await state.moveSink(name, lease.epoch, reached))) return;
      at = reached;
      if (outcome.kind === 'lost' || outcome.kind === 'retry') await this.#putOff(job, token, outcome);
      else await this.#wentWell();
      if (performance.now() > until) return wakeSink(queue);
    }
    await this.#wentWell();
  }

  /** The sink's own place if it counts, else the state's. */
  async #placeOf(lease: SinkPlace): Promise<number> {
    const { sink, state, name, log } = this.#deps;
    let remembered: Place | null;
    try {
      remembered = await sink.open();
    } catch (error) {
      await this.#trouble(error instanceof Error ? error.message : String(error));
      throw new SinkUnavailableError(`The sink ${name} cannot be opened: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (!remembered || remembered.logId !== state.logId || remembered.generation !== lease.generation) {
      return lease.number;
    }
    const { last } = await state.logExtent();
    if (remembered.number <= last) return Math.max(remembered.number, 0);
    // The backend lost its last moments. What it wrote since has low numbers: go by its own cursor, and number on above.
    log.warn(
      { sink: name, place: remembered.number, head: last },
      `The sink ${name} is ahead of the log: the backend has lost what it wrote last`,
    );
    await state.skipLogTo(remembered.number);
    return Math.min(lease.number, last);
  }

  async #deliver(entries: readonly LogEntry[], generation: number): Promise<Outcome> {
    const { sink, state } = this.#deps;
    const context = { logId: state.logId, namespace: state.namespace };
    const deliveries = entries.map((entry) => new LogDelivery(entry, composeEvent(entry, context)));
    const batch: Batch = {
      deliveries,
      placeAfter: (index) => ({ logId: state.logId, generation, number: entries[index]?.number ?? 0 }),
    };
    return sink.deliver(batch);
  }

  /** The number reached: what was taken, and behind it what is given up on. */
  async #settle(entries: readonly LogEntry[], outcome: Outcome): Promise<number> {
    const reached = entries[outcome.taken - 1]?.number ?? (entries[0]?.number ?? 1) - 1;
    const stuck = entries[outcome.taken];
    if (outcome.kind === 'done' || !stuck) return reached;
    const toBlame = outcome.kind === 'refused' || (outcome.kind === 'lost' && (await this.#isToBlame(stuck)));
    if (!toBlame) return reached;
    const { state, name, log } = this.#deps;
    const { number, id: eventId, articleId, subject } = stuck;
    await state.addDeadLetter({ sink: name, number, eventId, articleId, subject, reason: outcome.reason });
    log.error(
      { sink: name, eventId, articleId, reason: outcome.reason },
      `The sink ${name} does not take an event; it is kept as a dead letter`,
    );
    return number;
  }

  async #isToBlame({ number }: LogEntry): Promise<boolean> {
    this.#failing = { number, times: this.#failing.number === number ? this.#failing.times + 1 : 1 };
    if (this.#failing.times < MAX_FAILURES) return false;
    return this.#deps.sink.check().then(
      () => true,
      () => false,
    );
  }

  async #putOff(
    job: Job,
    token: string | undefined,
    outcome: Outcome & { kind: 'lost' | 'retry' },
  ): Promise<never> {
    const { sink, name } = this.#deps;
    await this.#trouble(outcome.reason);
    if (outcome.kind === 'lost') await sink.close().catch(() => undefined);
    if (outcome.kind === 'retry' && outcome.waitMs !== undefined) {
      await job.moveToDelayed(Date.now() + outcome.waitMs, token);
      throw new DelayedError();
    }
    throw new SinkUnavailableError(`The sink ${name} takes nothing now: ${outcome.reason}`);
  }

  /** Says once that a sink is down, however often it is tried. */
  async #trouble(reason: string): Promise<void> {
    if (this.#troubled) return;
    this.#troubled = true;
    const { name, state, log } = this.#deps;
    log.warn({ sink: name, reason }, `The sink ${name} is down: ${reason}; its events wait`);
    await state.noteSinkTrouble(name, reason);
  }

  async #wentWell(): Promise<void> {
    if (!this.#troubled) return;
    this.#troubled = false;
    const { name, state, log } = this.#deps;
    log.info({ sink: name }, `The sink ${name} takes events again`);
    await state.noteSinkTrouble(name, '');
  }
}

class LogDelivery implements Delivery {
  readonly number: number;
  readonly eventId: string;
  readonly articleId: string;
  readonly version: number;
  readonly json: string;
  #event: GalleyEvent | null = null;

  constructor(entry: LogEntry, json: string) {
    this.number = entry.number;
    this.eventId = entry.id;
    this.articleId = entry.articleId;
    this.version = entry.version;
    this.json = json;
  }

  event(): GalleyEvent {
    this.#event ??= JSON.parse(this.json) as GalleyEvent;
    return this.#event;
  }
}
