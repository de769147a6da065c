import type { JobsOptions } from 'bullmq';
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
import { GalleyError } from '../shared/errors/errors.js';
import type { StateStore } from '../shared/state/contract.js';
import type { Observation, Sighting } from '../shared/state/observation.js';
import type { Intake } from './ports.js';
import { ObservationsUnderWay, type UnderWay } from './under-way.js';

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
/** At this age, and then as often, it is also asked whether the observation's jobs have failed for good. */
const FAILED_AFTER_MS = 3000;
const RETRY_MS = 500;

interface Given {
  readonly ticket: number;
  readonly key: string;
  readonly sighting: Sighting | null;
  readonly path: string;
}

/** What the intake needs to find out that an observation will not be committed. */
export interface JobBook {
  /** True when none of these jobs is on its way: each is done, failed for good, or unknown to the queues of all stages. */
  areOver(jobIds: readonly string[]): Promise<boolean>;
}

/**
 * Takes sightings from the watcher, numbers them, puts them into `articles` in chunks, and keeps count of what is under
 * way: one article a job while the pipeline is idle, up to `MAX_CHUNK` while there is a backlog. Whether an observation is done is read from the
 * state, since any process may have done its job; what this process's own workers committed is noted as a short cut.
 */
export class ArticleIntake implements Intake {
  readonly #state: StateStore;
  readonly #queue: JobQueue;
  readonly #jobs: JobBook;
  readonly #log: Logger;
  readonly #buffer: Given[] = [];
  /** Taken off the buffer and not sent yet: being numbered, or waiting for the backend to be back. */
  readonly #inHand = new Set<Given>();
  readonly #underWay = new ObservationsUnderWay();
  readonly #failed = new Set<string>();
  readonly #waiters = new Set<{ readonly ready: () => boolean; readonly resolve: () => void }>();
  readonly #looking: NodeJS.Timeout;
  #tickets = 0;
  #sending: Promise<void> | null = null;
  #looked: Promise<void> | null = null;
  #closed = false;

  constructor(options: { state: StateStore; queue: JobQueue; jobs: JobBook; log: Logger }) {
    this.#state = options.state;
    this.#queue = options.queue;
    this.#jobs = options.jobs;
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
    return this.#underWay.size + this.#inHand.size + this.#buffer.length;
  }

  /** Told by this process's workers: saves asking the state. */
  noteCommitted(key: string, number: number): void {
    if (this.#underWay.removeUpTo(key, number)) this.#release();
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
    // Asked again after each wait: several are let go by one commit.
    while (this.underWay >= MAX_UNDER_WAY && !this.#closed) {
      await this.#wait(() => this.underWay < MAX_UNDER_WAY);
    }
    if (this.#closed) return;
    this.#failed.delete(given.key);
    this.#buffer.push({ ...given, ticket: ++this.#tickets });
    this.#startSending();
  }

  #startSending(): void {
    if (this.#closed) return;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
      // Something may have come after the last look at the buffer.
      if (this.#buffer.length > 0) this.#startSending();
    });
  }

  async #send(): Promise<void> {
    while (this.#buffer.length > 0 && !this.#closed) {
      if (this.#underWay.size >= BACKLOG && this.#buffer.length < MAX_CHUNK) await pause(FILL_MS);
      else await Promise.resolve();
      const taken = this.#buffer.splice(0, MAX_UNDER_WAY);
      for (const given of taken) this.#inHand.add(given);
      await this.#sendUntilTaken(taken);
    }
  }

  async #sendUntilTaken(taken: readonly Given[]): Promise<void> {
    for (;;) {
      try {
        return await this.#enqueue(taken);
      } catch (error) {
        if (this.#closed) return;
        if (error instanceof GalleyError && !error.retryable) return this.#sendOneByOne(taken, error);
        this.#log.debug({ err: error }, 'Observations could not be put into the queue; trying again');
        await pause(RETRY_MS);
      }
    }
  }

  /** One of these can never be sent: it fails alone. */
  async #sendOneByOne(taken: readonly Given[], error: GalleyError): Promise<void> {
    const [only] = taken;
    if (taken.length > 1) {
      for (const given of taken) await this.#sendUntilTaken([given]);
    } else if (only) {
      this.#log.error({ err: error, path: only.path }, 'A file could not be put into the queue');
      this.#failed.add(only.key);
      this.#inHand.delete(only);
      this.#release();
    }
  }

  async #enqueue(taken: readonly Given[]): Promise<void> {
    const observations = await this.#number(taken);
    const perJob = this.#underWay.size >= BACKLOG ? MAX_CHUNK : Math.ceil(taken.length / MAX_CHUNK);
    const jobs = chunked(observations, Math.min(MAX_CHUNK, Math.max(1, perJob))).map(jobOf);
    const tickets = new Map(observations.map(({ number }, index) => [number, taken[index]?.ticket ?? 0]));
    const sent = jobs.flatMap((job) => underWayWith(job, tickets, performance.now()));
    // Before the jobs are sent: they may be done before that is answered.
    for (const given of taken) this.#inHand.delete(given);
    for (const entry of sent) this.#underWay.add(entry);
    try {
      await this.#queue.addBulk(jobs);
    } catch (error) {
      for (const entry of sent) this.#underWay.remove(entry);
      for (const given of taken) this.#inHand.add(given);
      throw error;
    }
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
        const committed = rows.get(entry.key)?.number ?? 0;
        if (committed < entry.number) await this.#checkFailed(entry);
        else {
          this.noteCommitted(entry.key, committed);
          done++;
        }
      }
      if (done < due.length) return;
    }
  }

  *#due(now: number): Iterable<UnderWay> {
    let count = 0;
    for (const entry of this.#underWay) {
      if (now - entry.askedAt < LOOK_AFTER_MS) continue;
      yield entry;
      if (++count === LOOK_BATCH) return;
    }
  }

  async #checkFailed(entry: UnderWay): Promise<void> {
    if (performance.now() - entry.failureAskedAt < FAILED_AFTER_MS) return;
    entry.failureAskedAt = performance.now();
    if (!(await this.#jobs.areOver(entry.jobIds))) return;
    // The job may have been done since the state was asked.
    const committed = (await this.#state.sources([entry.key])).get(entry.key)?.number ?? 0;
    if (committed >= entry.number) return this.noteCommitted(entry.key, committed);
    if (!this.#underWay.has(entry)) return;
    // A later observation of the source says what becomes of it.
    if (this.#underWay.isLatest(entry)) this.#failed.add(entry.key);
    this.#underWay.remove(entry);
    this.#release();
  }

  /** Ticket of the oldest that was given and is not done. */
  #oldestTicket(): number {
    let oldest = this.#underWay.oldestTicket ?? Number.POSITIVE_INFINITY;
    for (const { ticket } of this.#inHand) oldest = Math.min(oldest, ticket);
    return Math.min(oldest, this.#buffer[0]?.ticket ?? Number.POSITIVE_INFINITY);
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

interface ChunkJob {
  readonly name: string;
  readonly data: { observations: Observation[] };
  readonly opts: JobsOptions & { jobId: string };
}

/** @throws PayloadError when an observation fits no job */
function jobOf(observations: Observation[]): ChunkJob {
  const jobId = chunkJobId(observations);
  const [first] = observations;
  return {
    name: observations.length === 1 && first ? first.path : `${observations.length} articles`,
    data: checkPayload(articlesPayload, { observations }, 'articles', jobId),
    opts: { ...stageJob(jobId), jobId },
  };
}

/** The observations of a job as they are kept count of, from now on. */
function underWayWith(
  { data, opts }: ChunkJob,
  tickets: ReadonlyMap<number, number>,
  now: number,
): UnderWay[] {
  return data.observations.map(({ key, number }) => ({
    key,
    number,
    jobIds: [...new Set([opts.jobId, observationJobId({ key, number })])],
    ticket: tickets.get(number) ?? 0,
    askedAt: now,
    failureAskedAt: now,
  }));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
