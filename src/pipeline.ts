import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { openBackend, isShared } from './queues/backends/choose.js';
import type { Backend, JobQueue, JobWorker } from './queues/backends/contract.js';
import { deliveryQueue, STAGE_QUEUES, type StageQueue } from './queues/names.js';
import { parseArticle } from './shared/article/parse.js';
import { DEFAULT_INBOX, type Settings } from './shared/config/settings.js';
import { UsageError } from './shared/errors/errors.js';
import { parseAllowedHost } from './shared/fetch/allow-list.js';
import { createSafeFetch, FetchClosedError, userAgent } from './shared/fetch/safe-fetch.js';
import { configureSharp } from './shared/pictures/decoder.js';
import { fetchPictureOutcome, openPictures, type PictureDeps } from './shared/pictures/picture.js';
import type { RecordImage } from './shared/record/schema.js';
import { PACKAGE } from './shared/config/package.js';
import type { Sink } from './sinks/contract.js';
import { checkNames, parseSink, type SinkSpec } from './sinks/registry.js';
import { ArticleIntake } from './watcher/intake.js';
import { openRoot, type Root } from './watcher/root.js';
import { watchRoot, type Watcher } from './watcher/watch.js';
import type { ScanOptions } from './watcher/options.js';
import type { WatchPorts } from './watcher/ports.js';
import { Committer } from './workers/committer.js';
import { Deliverer } from './workers/deliver.js';
import type { PictureAnswer, PictureAsk } from './workers/picture-fetching.js';
import { permanentAsUnrecoverable } from './workers/permanent.js';
import { startStages } from './workers/stages.js';
import { scheduleTick, Waker, wakeSink } from './workers/waker.js';

/** Which parts of the pipeline a process takes. */
export interface Roles {
  readonly watch: boolean;
  readonly stages: readonly StageQueue[];
  readonly deliver: boolean;
}

export const ALL_ROLES: Roles = { watch: true, stages: STAGE_QUEUES, deliver: true };

/** Pictures of this process since it started, for the summary of `ingest`. */
export interface PictureCounts {
  verified: number;
  failed: number;
  skipped: number;
  /** Of those verified, how many were kept already. */
  cached: number;
}

const TRIM_INTERVAL_MS = 30_000;
/** How long a stop waits for the last deliveries. */
const LAST_DELIVERIES_MS = 3000;
const LOOK_MS = 20;
const DAY_MS = 24 * 3600 * 1000;
/** Of the time that a stop may take, how much is left to the jobs in hand before what is open is cut. */
const GRACE = 0.8;
/** And of that, how much hosts get to hand out the pictures that were asked for. */
const PICTURES_SHARE = 0.3;

/**
 * The composition root: builds the parts that its roles name, starts them from the sinks towards the watcher, and stops
 * them the other way round, so that what is in flight lands.
 */
export class Pipeline {
  readonly settings: Settings;
  readonly backend: Backend;
  readonly log: Logger;
  readonly roots: readonly Root[];
  readonly sinks: readonly SinkSpec[];
  readonly pictures: PictureCounts = { verified: 0, failed: 0, skipped: 0, cached: 0 };
  intake: ArticleIntake | null = null;
  watchers: Watcher[] = [];

  readonly #waker: Waker;
  readonly #queues: JobQueue[] = [];
  readonly #stageQueues = new Map<StageQueue, JobQueue>();
  #stageWorkers: JobWorker[] = [];
  #deliveryWorkers: JobWorker[] = [];
  #openSinks: Sink[] = [];
  /** Aborted when a stop begins, when hosts are waited for no more, and when the stages have ended. */
  readonly #leaving = new AbortController();
  readonly #cuttingPictures = new AbortController();
  readonly #stopping = new AbortController();
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #timers: NodeJS.Timeout[] = [];

  private constructor(options: {
    settings: Settings;
    backend: Backend;
    roots: readonly Root[];
    sinks: readonly SinkSpec[];
    log: Logger;
  }) {
    this.settings = options.settings;
    this.backend = options.backend;
    this.roots = options.roots;
    this.sinks = options.sinks;
    this.log = options.log;
    // Each picture under way listens.
    setMaxListeners(0, this.#leaving.signal, this.#cuttingPictures.signal);
    this.#waker = new Waker({
      state: this.backend.state,
      openQueue: (name) => this.backend.queue(name),
      log: this.log,
    });
  }

  /**
   * Opens the backend and starts the roles. `paths`: what `ingest` was given instead of inboxes to watch.
   * @throws UsageError, and what opening a backend throws
   */
  static async start(options: {
    settings: Settings;
    roles: Roles;
    role: string;
    log: Logger;
    paths?: readonly string[];
  }): Promise<Pipeline> {
    const { settings, roles, role, log, paths } = options;
    const sinks = roles.deliver ? sinksOf(settings) : [];
    if (!isShared(settings) && ['watch', 'work', 'dashboard'].includes(role)) {
      throw new UsageError(
        `galley ${role} is for several processes on one backend; set REDIS_URL or DATABASE_URL, or use galley run.`,
      );
    }
    if (settings.processes > 1) {
      throw new UsageError(
        '--processes: this version works in one process; start more with galley work on Redis or Postgres.',
      );
    }
    if (roles.watch && !paths) await makeDefaultInbox(settings);
    // Read again with the first picture; a wrong one stops the start.
    settings.allowHosts.forEach((host) => parseAllowedHost(host));
    const roots = await openRoots(paths ?? (roles.watch ? settings.inbox : []));
    const inboxes = roots.map(({ dir }) => dir);
    const bound = sinks.map((spec) => ({
      spec,
      sink: spec.create({ namespace: settings.namespace, inboxes }),
    }));
    const backend = await openBackend({
      redisUrl: settings.redisUrl,
      databaseUrl: settings.databaseUrl,
      stateDir: resolve(settings.state),
      namespace: settings.namespace,
      role,
      mode: 'own',
      log,
    });
    const pipeline = new Pipeline({ settings, backend, roots, sinks, log });
    try {
      await pipeline.#startDeliveries(bound);
      await pipeline.#startStages(roles.stages);
      if (roles.watch || paths) pipeline.#openIntake();
      if (roles.watch && !paths) await pipeline.#watch();
      backend.onRecovered(() => pipeline.#waker.wake());
      pipeline.#startTrimming();
      return pipeline;
    } catch (error) {
      await pipeline.stop(5000);
      throw error;
    }
  }

  /** What the watcher and a scan need. */
  scanOptions(): ScanOptions {
    const { extensions, maxFileBytes, acceptRemovals } = this.settings;
    return { extensions, maxBytes: maxFileBytes, acceptRemovals };
  }

  watchPorts(): WatchPorts {
    if (!this.intake) throw new Error('This pipeline takes no files.');
    const { timeZone } = this.settings;
    return {
      book: this.backend.state,
      intake: this.intake,
      isValid: (text) => parseArticle(text, timeZone === undefined ? {} : { timeZone }).ok,
      log: this.log,
    };
  }

  /** What keeps this process from doing its work, in words; empty when nothing does. */
  troubles(): string[] {
    const backend = this.backend.trouble();
    const watchers = this.watchers.flatMap((watcher, index) => {
      const { root, withheld, trouble } = watcher.status();
      const dir = this.roots[index]?.dir ?? '?';
      return [
        ...(root === 'missing' ? [`the inbox ${dir} is not there`] : []),
        // Of a root that is not there, all is gone, and nobody should be told to believe it.
        ...(withheld && withheld.reason === 'half-gone'
          ? [`${withheld.count} files of ${dir} are gone at once; --accept-removals believes it`]
          : []),
        ...(trouble === null ? [] : [trouble]),
      ];
    });
    const idle = [...this.#stageWorkers, ...this.#deliveryWorkers].filter((worker) => !worker.isRunning());
    return [
      ...(backend === null ? [] : [backend]),
      ...watchers,
      ...idle.map(({ name }) => `the worker of ${name} has stopped`),
    ];
  }

  queue(name: StageQueue): JobQueue {
    const known = this.#stageQueues.get(name);
    if (known) return known;
    const queue = this.backend.queue(name);
    this.#stageQueues.set(name, queue);
    this.#queues.push(queue);
    return queue;
  }

  /**
   * Stops taking files, lets the jobs in hand finish and what they committed be delivered, and closes everything.
   * @param deadlineMs after which what is still open is cut
   * @returns false when the deadline cut work: it is done again by whoever runs next
   */
  async stop(deadlineMs: number): Promise<boolean> {
    const until = performance.now() + deadlineMs * GRACE;
    for (const timer of this.#timers) clearInterval(timer);
    this.#leaving.abort(leaving());
    const left = () => Math.max(0, until - performance.now());
    let clean = await within(left(), this.#stopTaking());
    clean = (await within(left(), this.#stopStages(left() * PICTURES_SHARE))) && clean;
    // What cannot be delivered now is delivered by whoever runs next: that is not work cut short.
    await within(Math.min(left() / 2, LAST_DELIVERIES_MS), this.#delivered());
    this.#stopping.abort();
    clean = (await within(left(), this.#stopDeliveries())) && clean;
    if (!clean) {
      this.log.warn('The deadline cut work in hand; it is done again by whoever runs next');
      const workers = [...this.#stageWorkers, ...this.#deliveryWorkers];
      await within(deadlineMs * (1 - GRACE) * 0.5, Promise.all(workers.map((worker) => worker.close(true))));
    }
    await within(Math.max(left(), deadlineMs * (1 - GRACE)), this.#closeRest());
    return clean;
  }

  async #stopTaking(): Promise<void> {
    await this.intake?.close();
    await Promise.all(this.watchers.map((watcher) => watcher.close()));
  }

  /** @param picturesMs after which pictures that their hosts do not give are put back into their queue */
  async #stopStages(picturesMs: number): Promise<void> {
    const timer = setTimeout(() => this.#cuttingPictures.abort(leaving()), picturesMs);
    try {
      await closeAll(this.#stageWorkers);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until the sinks of this process have all that is in the log, but not for one that is down. */
  async #delivered(): Promise<void> {
    const { state } = this.backend;
    const names = this.sinks.map(({ name }) => name);
    const { last } = await state.logExtent();
    while (
      !this.#stopping.signal.aborted &&
      (await state.sinks()).some(
        (sink) => names.includes(sink.name) && sink.number < last && sink.trouble === '',
      )
    ) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #stopDeliveries(): Promise<void> {
    await closeAll(this.#deliveryWorkers);
    await Promise.all(this.#openSinks.map((sink) => sink.close()));
  }

  async #closeRest(): Promise<void> {
    await Promise.allSettled(this.#closers.toReversed().map((close) => close()));
    await Promise.allSettled([this.#waker.close(), ...this.#queues.map((queue) => queue.close())]);
    await this.backend.close();
  }

  async #startDeliveries(bound: readonly { spec: SinkSpec; sink: Sink }[]): Promise<void> {
    const { state } = this.backend;
    for (const { spec, sink } of bound) {
      await state.registerSink(spec.name);
      const queue = this.backend.queue(deliveryQueue(spec.name));
      this.#queues.push(queue);
      const deliverer = new Deliverer({ name: spec.name, sink, state, queue, log: this.log });
      const { signal } = this.#stopping;
      this.#openSinks.push(sink);
      this.#deliveryWorkers.push(
        this.backend.worker(
          deliveryQueue(spec.name),
          (job, token) => permanentAsUnrecoverable(() => deliverer.run(job, token, signal)),
          { concurrency: 1 },
        ),
      );
      await scheduleTick(queue);
      await wakeSink(queue);
    }
  }

  async #startStages(stages: readonly StageQueue[]): Promise<void> {
    if (stages.length === 0) return;
    const { backend, settings, log } = this;
    const flows = backend.flows();
    this.#closers.push(() => flows.close());
    const committer = new Committer({
      state: backend.state,
      log,
      listener: {
        committed: ({ observation }, result) => {
          if (result.kind !== 'differs') this.intake?.noteCommitted(observation.key, observation.number);
        },
        logGrew: () => this.#waker.wake(),
      },
    });
    const { concurrency } = settings;
    const { connectionsPerHost, retryDelaysMs, totalMs } = settings.pictures;
    const limits = { concurrency, connectionsPerHost };
    const pictures = this.#fetchPicture();
    if (settings.store !== undefined && settings.images && stages.includes('images')) await pictures.open();
    this.#stageWorkers = startStages(backend, stages, limits, {
      state: backend.state,
      committer,
      articles: this.queue('articles'),
      flows,
      rules: {
        profile: settings.scoring,
        fetchImages: settings.images,
        ...(settings.timeZone === undefined ? {} : { timeZone: settings.timeZone }),
      },
      log,
      fetchPicture: (ask) => pictures.fetch(ask),
      pictureMs: totalMs,
      imagesQueue: () => this.queue('images'),
      retryDelaysMs,
      leaving: this.#leaving.signal,
      cuttingPictures: this.#cuttingPictures.signal,
      countPictures: (images) => this.#countPictures(images),
    });
  }

  /**
   * Opens what pictures need with the first one: many a pipeline never sees any. A store on another machine is opened at
   * start all the same, so that what is wrong with it is said then.
   */
  #fetchPicture(): {
    open(): Promise<PictureDeps>;
    fetch(ask: PictureAsk): Promise<PictureAnswer>;
  } {
    let opened: Promise<PictureDeps> | null = null;
    const open = (): Promise<PictureDeps> => (opened ??= this.#openPictures());
    return {
      open,
      fetch: async (ask) => {
        const outcome = await fetchPictureOutcome({ ...ask, deps: await open() });
        if (!outcome.busy && outcome.reused) this.pictures.cached++;
        return outcome;
      },
    };
  }

  async #openPictures(): Promise<PictureDeps> {
    const { settings } = this;
    await configureSharp();
    const { contact = PACKAGE.contact, ratePerHost = null, breaker, ...rest } = settings.pictures;
    const { retryDelaysMs: _delays, ...limits } = rest;
    const fetch = createSafeFetch({
      userAgent: userAgent(PACKAGE.version, contact),
      allowHosts: settings.allowHosts.map(parseAllowedHost),
      limits,
      ratePerHost,
      breaker,
    });
    this.#closers.push(() => fetch.close());
    const pictures = await openPictures({
      fetch,
      stateFolder: resolve(settings.state),
      store: settings.store,
      storeEndpoint: settings.storeEndpoint,
      storeRegion: settings.storeRegion,
      thumbnailWidth: settings.thumbnails,
    });
    this.#closers.push(async () => pictures.close());
    return pictures;
  }

  #countPictures(images: readonly RecordImage[]): void {
    for (const { status } of images) this.pictures[status]++;
  }

  #openIntake(): void {
    const stages = STAGE_QUEUES.filter((name) => name !== 'images').map((name) => this.queue(name));
    this.intake = new ArticleIntake({
      state: this.backend.state,
      queue: this.queue('articles'),
      jobs: {
        async areOver(jobIds) {
          // In this order: an article goes from `articles` to `scores`, and is in the second before it leaves the first.
          for (const queue of stages) {
            for (const id of jobIds) {
              const job = await queue.getJob(id);
              if (job && !['failed', 'completed', 'unknown'].includes(await job.getState())) return false;
            }
          }
          return true;
        },
      },
      log: this.log,
    });
  }

  async #watch(): Promise<void> {
    // The backend may have forgotten its last moments; what they held is found by looking again.
    this.backend.onRecovered(() => {
      for (const watcher of this.watchers) {
        watcher.rescan().catch((error: unknown) => this.log.debug({ err: error }, 'A scan was cut short'));
      }
    });
    for (const root of this.roots) {
      this.watchers.push(
        await watchRoot(root, { ...this.scanOptions(), poll: this.settings.poll }, this.watchPorts()),
      );
    }
  }

  #startTrimming(): void {
    const { keepDelivered, maxEvents, maxAgeDays } = this.settings.log;
    const limits = { keepDelivered, maxEntries: maxEvents, maxAgeMs: maxAgeDays * DAY_MS };
    const timer = setInterval(() => {
      this.backend.state.trimLog(limits).then(
        (dropped) => this.log.debug({ dropped }, 'Trimmed the log'),
        (error: unknown) => this.log.debug({ err: error }, 'The log could not be trimmed'),
      );
    }, TRIM_INTERVAL_MS);
    timer.unref();
    this.#timers.push(timer);
  }
}

/** The sinks that the settings name, or the file that is written when they name none. */
export function sinksOf(settings: Settings): SinkSpec[] {
  const named = settings.sinks.map(parseSink);
  const out = settings.out ?? (named.length === 0 ? './outbox/records.ndjson' : undefined);
  const sinks = out === undefined ? named : [parseSink(`ndjson:${out}`), ...named];
  checkNames(sinks);
  return sinks;
}

/** A first `npm start` finds a folder to drop into. One that was named and is not there is a mistake, and told as one. */
async function makeDefaultInbox({ inbox }: Settings): Promise<void> {
  if (inbox.length === 1 && inbox[0] === DEFAULT_INBOX) await mkdir(DEFAULT_INBOX, { recursive: true });
}

/** A folder as it was asked for: `[NAME=]DIR`. A path that is there counts as a path, whatever signs are in it. */
async function openRoots(specs: readonly string[]): Promise<Root[]> {
  return Promise.all(
    specs.map((spec) => {
      const [, name, dir] = /^([^=/]+)=(.+)$/s.exec(spec) ?? [];
      return name === undefined || dir === undefined ? openRoot({ dir: spec }) : openRoot({ name, dir });
    }),
  );
}

function leaving(): Error {
  return new FetchClosedError('A fetch was ended because the process is stopping.');
}

async function closeAll(workers: readonly JobWorker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.close()));
}

/** Whether the work was done in time. What it throws counts as not done. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
