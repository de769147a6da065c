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
  #toldDown = false;
  /** The trouble that the state has of this sink; empty when it has none. */
  #noted = '';
  /** The delivery that failed last, and how often in a row. */
  #failing = { number: -1, times: 0 };

  constructor(deps: DeliverDeps) {
    this.#deps = deps;
  }

  async run(job: Job, token: string | undefined, signal: AbortSignal): Promise<void> {
    const { queue, state, name } = this.#deps;
    checkPayload(deliveriesPayload, job.data, job.queueName, job.id ?? '?');
    if (job.name === 'tick') return wakeSink(queue);
    const { lease, from } = await this.#start();
    let at = from;
    const until = performance.now() + JOB_MS;
    while (!signal.aborted) {
      const entries = await state.readLog(at, BATCH);
      if (entries.length === 0) break;
      const outcome = await this.#deliver(entries, lease.generation);
      const { reached, gaveUp } = await this.#settle(entries, outcome);
      if (reached > at && !(await state.moveSink(name, lease.epoch, reached))) return;
      at = reached;
      // The next run opens the sink again and goes on behind the event at once.
      if (outcome.kind === 'lost' && gaveUp) return wakeSink(queue);
      if (outcome.kind === 'lost' || outcome.kind === 'retry') await this.#putOff(job, token, outcome);
      else await this.#wentWell();
      if (performance.now() > until) return wakeSink(queue);
    }
    await this.#wentWell();
  }

  /** Takes the lease and finds where to begin: behind the sink's own place if it counts, else behind the state's. */
  async #start(): Promise<{ lease: SinkPlace; from: number }> {
    const { state, name } = this.#deps;
    const lease = await state.leaseSink(name);
    this.#noted = lease.trouble;
    const place = await this.#open();
    if (!place || place.logId !== state.logId || place.generation !== lease.generation) {
      return { lease, from: lease.number };
    }
    const { last } = await state.logExtent();
    if (place.number > last) return this.#numberOn(place, Math.min(lease.number, last));
    return { lease, from: await this.#pastDeadLetters(place.number, lease.number) };
  }

  async #open(): Promise<Place | null> {
    const { sink, name } = this.#deps;
    try {
      return await sink.open();
    } catch (error) {
      const reason = reasonOf(error);
      await this.#trouble(reason);
      throw new SinkUnavailableError(`The sink ${name} cannot be opened: ${reason}`, { cause: error });
    }
  }

  /**
   * The sink is ahead of the log: the backend has lost what it wrote last, and what it wrote since has low numbers. Goes
   * by the state's cursor, and later events are numbered on from past the sink's place. The generation is raised
   * first: from then on the sink's place does not count, so that a run that fails now steps over nothing.
   */
  async #numberOn(place: Place, cursor: number): Promise<{ lease: SinkPlace; from: number }> {
    const { state, name, log } = this.#deps;
    log.warn(
      { sink: name, place: place.number, cursor },
      `The sink ${name} is ahead of the log: the backend has lost what it wrote last`,
    );
    await state.setSink(name, cursor);
    await state.skipLogTo(place.number);
    const lease = await state.leaseSink(name);
    return { lease, from: lease.number };
  }

  /**
   * The sink's place, moved over events right behind it that were given up on: the cursor knows of those, the sink does
   * not, and they would come up again with each run.
   */
  async #pastDeadLetters(place: number, cursor: number): Promise<number> {
    if (place >= cursor) return place;
    const letters = await this.#deps.state.deadLetters(this.#deps.name);
    const givenUp = new Set(letters.map(({ number }) => number));
    let at = place;
    while (at < cursor && givenUp.has(at + 1)) at++;
    return at;
  }

  async #deliver(entries: readonly LogEntry[], generation: number): Promise<Outcome> {
    const { sink, state } = this.#deps;
    const context = { logId: state.logId, namespace: state.namespace };
    const deliveries = entries.map((entry) => new LogDelivery(entry, composeEvent(entry, context)));
    const batch: Batch = {
      deliveries,
      placeAfter: (index) => ({ logId: state.logId, generation, number: entries[index]?.number ?? 0 }),
    };
    try {
      return await sink.deliver(batch);
    } catch (error) {
      return { kind: 'lost', taken: 0, reason: reasonOf(error), cause: error };
    }
  }

  /** The number reached: what was taken, and behind it what is given up on. */
  async #settle(
    entries: readonly LogEntry[],
    outcome: Outcome,
  ): Promise<{ reached: number; gaveUp: boolean }> {
    const reached = entries[outcome.taken - 1]?.number ?? (entries[0]?.number ?? 1) - 1;
    const stuck = entries[outcome.taken];
    if (outcome.kind === 'done' || !stuck) return { reached, gaveUp: false };
    const toBlame = outcome.kind === 'refused' || (outcome.kind === 'lost' && (await this.#isToBlame(stuck)));
    if (!toBlame) return { reached, gaveUp: false };
    const { state, name, log } = this.#deps;
    const { number, id: eventId, articleId, subject } = stuck;
    await state.addDeadLetter({ sink: name, number, eventId, articleId, subject, reason: outcome.reason });
    log.error(
      { sink: name, eventId, articleId, reason: outcome.reason },
      `The sink ${name} does not take an event; it is kept as a dead letter`,
    );
    return { reached: number, gaveUp: true };
  }

  async #isToBlame({ number }: LogEntry): Promise<boolean> {
    this.#failing = { number, times: this.#failing.number === number ? this.#failing.times + 1 : 1 };
    if (this.#failing.times < MAX_FAILURES) return false;
    const { sink } = this.#deps;
    await sink.close().catch(() => undefined);
    return sink.check().then(
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
    const { name, state, log } = this.#deps;
    if (!this.#toldDown)
      log.warn({ sink: name, reason }, `The sink ${name} is down: ${reason}; its events wait`);
    this.#toldDown = true;
    if (this.#noted === reason) return;
    await state.noteSinkTrouble(name, reason);
    this.#noted = reason;
  }

  async #wentWell(): Promise<void> {
    const { name, state, log } = this.#deps;
    if (this.#toldDown) log.info({ sink: name }, `The sink ${name} takes events again`);
    this.#toldDown = false;
    // Also what a process before this one noted.
    if (this.#noted === '') return;
    await state.noteSinkTrouble(name, '');
    this.#noted = '';
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
