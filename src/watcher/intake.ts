import type { Logger } from 'pino';
import type { JobQueue } from '../queues/backends/contract.js';
import { stageJob } from '../queues/job-options.js';
import {
  articlesPayload,
  checkPayload,
  chunkJobId,
  MAX_CHUNK,
  MAX_CHUNK_TEXT,
  MAX_INLINE_TEXT,
  observationJobId,
} from '../queues/payloads.js';
import type { StateStore } from '../shared/state/contract.js';
import type { Observation, Sighting } from '../shared/state/observation.js';
import type { Intake } from './ports.js';

/** Most observations under way, read but not committed: what bounds memory, and keeps queues shallow. */
const MAX_UNDER_WAY = 1000;
/** From this many under way on there is a backlog, and chunks are filled before they are sent. */
const BACKLOG = 4 * MAX_CHUNK;
/** How long a chunk waits to be filled while there is a backlog. */
const FILL_MS = 4;
const LOOK_INTERVAL_MS = 50;
/** Observations younger than this are looked up only if nobody in this process said they are committed. */
const LOOK_AFTER_MS = 200;
const LOOK_BATCH = 250;
/** From this age on it is also asked whether the observation's jobs have failed for good. */
const FAILED_AFTER_MS = 3000;
const RETRY_MS = 500;

interface UnderWay {
  readonly key: string;
  readonly number: number;
  readonly jobIds: readonly string[];
  readonly ticket: number;
  readonly since: number;
  askedAt: number;
}

interface Given {
  readonly ticket: number;
  readonly key: string;
  readonly sighting: Sighting | null;
  readonly path: string;
}

/** What the intake needs to find out that a job has failed for good. */
export interface FailureBook {
  /** True when one of these jobs is in the failed state of one of the stages' queues. */
  hasFailed(jobIds: readonly string[]): Promise<boolean>;
}

/**
 * Takes sightings from the watcher, numbers them, puts them into `articles` in chunks, and keeps count of what is under
 * way: one article a job while the pipeline is idle, up to `MAX_CHUNK` while there is a backlog. Whether an observation is done is read from the
 * state, since any process may have done its job; what this process's own workers committed is noted as a short cut.
 */
export class ArticleIntake implements Intake {
  readonly #state: StateStore;
  readonly #queue: JobQueue;
  readonly #failures: FailureBook;
  readonly #log: Logger;
  readonly #buffer: Given[] = [];
  /** By key, in the order of the last observation of each. */
  readonly #underWay = new Map<string, UnderWay>();
  readonly #failed = new Set<string>();
  readonly #waiters = new Set<{ readonly ready: () => boolean; readonly resolve: () => void }>();
  readonly #looking: NodeJS.Timeout;
  #tickets = 0;
  #sending: Promise<void> | null = null;
  #looked: Promise<void> | null = null;
  #closed = false;

  constructor(options: { state: StateStore; queue: JobQueue; failures: FailureBook; log: Logger }) {
    this.#state = options.state;
    this.#queue = options.queue;
    this.#failures = options.failures;
    this.#log = options.log;
    this.#looking = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
  }

  async present(sighting: Sighting): Promise<void> {
    await this.#give({ key: sighting.key, path: sighting.path, sighting });
  }

  async gone(source: { key: string; path: string }): Promise<void> {
    await this.#give({ ...source, sighting: null });
  }

  async settled(): Promise<void> {
    const until = this.#tickets;
    await this.#wait(() => this.#oldestTicket() > until);
  }

  /** Keys of which an observation failed for good. */
  get failed(): ReadonlySet<string> {
    return this.#failed;
  }

  get underWay(): number {
    return this.#underWay.size + this.#buffer.length;
  }

  /** Told by this process's workers: saves asking the state. */
  noteCommitted(key: string, number: number): void {
    const entry = this.#underWay.get(key);
    if (!entry || entry.number > number) return;
    this.#underWay.delete(key);
    this.#release();
  }

  /** Stops taking and looking; what is under way stays with the queues. Waiting calls are let go. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looking);
    this.#release();
    await this.#sending;
    await this.#looked;
  }

  async #give(given: Omit<Given, 'ticket'>): Promise<void> {
    await this.#wait(() => this.underWay < MAX_UNDER_WAY);
    if (this.#closed) return;
    this.#failed.delete(given.key);
    this.#buffer.push({ ...given, ticket: ++this.#tickets });
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
      this.#release();
    });
  }

  async #send(): Promise<void> {
    while (this.#buffer.length > 0 && !this.#closed) {
      if (this.#underWay.size >= BACKLOG && this.#buffer.length < MAX_CHUNK) await pause(FILL_MS);
      else await Promise.resolve();
      const taken = this.#buffer.splice(0, MAX_UNDER_WAY);
      await this.#sendUntilTaken(taken);
    }
  }

  async #sendUntilTaken(taken: readonly Given[]): Promise<void> {
    for (;;) {
      try {
        return await this.#enqueue(taken);
      } catch (error) {
        if (this.#closed) return;
        this.#log.debug({ err: error }, 'Observations could not be put into the queue; trying again');
        await pause(RETRY_MS);
      }
    }
  }

  async #enqueue(taken: readonly Given[]): Promise<void> {
    const observations = await this.#number(taken);
    const perJob = this.#underWay.size >= BACKLOG ? MAX_CHUNK : Math.ceil(taken.length / MAX_CHUNK);
    const chunks = chunked(observations, Math.min(MAX_CHUNK, Math.max(1, perJob)));
    const jobs = chunks.map((chunk) => {
      const jobId = chunkJobId(chunk);
      const data = checkPayload(articlesPayload, { observations: chunk }, 'articles', jobId);
      const [first] = chunk;
      return {
        name: chunk.length === 1 && first ? first.path : `${chunk.length} articles`,
        data,
        opts: stageJob(jobId),
        chunk,
      };
    });
    const now = performance.now();
    const tickets = new Map(taken.map((given) => [given.key, given.ticket]));
    for (const { chunk, opts } of jobs) {
      for (const { key, number } of chunk) {
        const jobIds = [...new Set([opts.jobId ?? '', observationJobId({ key, number })])];
        this.#underWay.delete(key);
        this.#underWay.set(key, {
          key,
          number,
          jobIds,
          ticket: tickets.get(key) ?? 0,
          since: now,
          askedAt: now,
        });
      }
    }
    await this.#queue.addBulk(jobs.map(({ name, data, opts }) => ({ name, data, opts })));
  }

  async #number(taken: readonly Given[]): Promise<Observation[]> {
    const moves = taken.filter(({ sighting }) => sighting?.movedFrom !== undefined).length;
    let next = await this.#state.nextNumbers(taken.length + moves);
    const observations: Observation[] = [];
    for (const { key, path, sighting } of taken) {
      if (sighting === null) {
        observations.push({ kind: 'gone', key, path, number: next++ });
        continue;
      }
      const { movedFrom, text, ...rest } = sighting;
      const large = text !== undefined && text.length > MAX_INLINE_TEXT;
      if (large) await this.#state.putBlob(sighting.fingerprint, text);
      observations.push({
        ...rest,
        ...(movedFrom ? { movedFrom: { ...movedFrom, number: next++ } } : {}),
        number: next++,
        ...(large ? { blob: true } : text === undefined ? {} : { text }),
      });
    }
    return observations;
  }

  #look(): void {
    this.#looked ??= this.#lookUp()
      .catch((error: unknown) => this.#log.debug({ err: error }, 'The state could not be asked what is done'))
      .finally(() => {
        this.#looked = null;
      });
  }

  async #lookUp(): Promise<void> {
    for (;;) {
      const now = performance.now();
      const due = [...this.#due(now)];
      if (due.length === 0) return;
      const rows = await this.#state.sources(due.map((entry) => entry.key));
      let done = 0;
      for (const entry of due) {
        entry.askedAt = performance.now();
        if ((rows.get(entry.key)?.number ?? 0) < entry.number) await this.#checkFailed(entry);
        else {
          this.noteCommitted(entry.key, entry.number);
          done++;
        }
      }
      if (done < due.length) return;
    }
  }

  *#due(now: number): Iterable<UnderWay> {
    let count = 0;
    for (const entry of this.#underWay.values()) {
      if (now - entry.askedAt < LOOK_AFTER_MS) continue;
      yield entry;
      if (++count === LOOK_BATCH) return;
    }
  }

  async #checkFailed(entry: UnderWay): Promise<void> {
    if (performance.now() - entry.since < FAILED_AFTER_MS) return;
    if (!(await this.#failures.hasFailed(entry.jobIds))) return;
    if (this.#underWay.get(entry.key) !== entry) return;
    this.#failed.add(entry.key);
    this.#underWay.delete(entry.key);
    this.#release();
  }

  #oldestTicket(): number {
    let oldest = this.#buffer[0]?.ticket ?? Number.POSITIVE_INFINITY;
    for (const entry of this.#underWay.values()) {
      oldest = Math.min(oldest, entry.ticket);
      break;
    }
    // What was taken off the buffer and is being numbered is in neither.
    return this.#sending !== null && oldest === Number.POSITIVE_INFINITY ? 0 : oldest;
  }

  async #wait(ready: () => boolean): Promise<void> {
    if (ready() || this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#waiters.add({ ready, resolve });
    });
  }

  #release(): void {
    for (const waiter of this.#waiters) {
      if (!this.#closed && !waiter.ready()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

/** Cuts observations into jobs of at most `size` articles and `MAX_CHUNK_TEXT` of text. */
function chunked(observations: readonly Observation[], size: number): Observation[][] {
  const chunks: Observation[][] = [];
  let chunk: Observation[] = [];
  let length = 0;
  for (const observation of observations) {
    const text = observation.kind === 'present' ? (observation.text?.length ?? 0) : 0;
    if (chunk.length > 0 && (chunk.length >= size || length + text > MAX_CHUNK_TEXT)) {
      chunks.push(chunk);
      chunk = [];
      length = 0;
    }
    chunk.push(observation);
    length += text;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
