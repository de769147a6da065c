import { performance } from 'node:perf_hooks';
import { Pipeline, type PictureCounts } from '../pipeline.js';
import { STAGE_QUEUES } from '../queues/names.js';
import type { StateStore } from '../shared/state/contract.js';
import type { SinkSpec } from '../sinks/registry.js';
import type { FileOutcome } from '../watcher/options.js';
import { scanRoot, type ScanReport } from '../watcher/scan.js';
import { EXIT, print, printJson, type CommandSpec, type Invocation } from './command.js';
import { startProgress } from './progress.js';
import { sinkOnStdout } from './stdout.js';
import { onStopSignal, type StopSignal } from './signals.js';

const DRAIN_MS = 8000;
const INTERRUPTED = 'it was interrupted; the next run goes on from here';
const ROWS_AT_ONCE = 1000;
const SINK_POLL_MS = 20;

export const ingest: CommandSpec = {
  name: 'ingest',
  args: '<paths...>',
  summary: 'Take these files or folders through the whole pipeline, then exit.',
  example: 'galley ingest ./articles --out ./records.ndjson --json',
  options: [
    'out',
    'sinks',
    'state',
    'namespace',
    'allowHosts',
    'images',
    'thumbnails',
    'acceptRemovals',
    'wait',
    'logLevel',
  ],
  json: true,
  quiet: true,
  run: ingestPaths,
};

/** What became of the files. Each is in one of the first five counts of `galley ingest --json`. */
interface Summary {
  files: number;
  delivered: number;
  unchanged: number;
  rejected: number;
  superseded: number;
  failed: number;
  moved: number;
  removed: number;
  images: PictureCounts;
  seconds: number;
  articlesPerSecond: number;
}

async function ingestPaths(invocation: Invocation): Promise<number> {
  const { settings, log, json, args } = invocation;
  const started = performance.now();
  const stop = onStopSignal({ sinkOnStdout: sinkOnStdout(settings, json) });
  const pipeline = await Pipeline.start({
    settings,
    roles: { watch: false, stages: STAGE_QUEUES, deliver: true },
    role: 'ingest',
    log,
    paths: args,
  });
  const run = new Ingest(pipeline, stop);
  try {
    const finished = await run.finish();
    const clean = await pipeline.stop(DRAIN_MS);
    const summary = await run.summary((performance.now() - started) / 1000);
    await tell(invocation, summary, run, pipeline.sinks);
    if (!finished || !clean || summary.failed > 0 || run.deadLetters > 0) return EXIT.failed;
    return summary.rejected > 0 ? EXIT.rejected : EXIT.ok;
  } catch (error) {
    await pipeline.stop(DRAIN_MS);
    throw error;
  } finally {
    stop.dispose();
  }
}

/** One run of `ingest` over its paths. */
class Ingest {
  deadLetters = 0;
  /** Why it did not finish, in words. */
  unfinished: string | null = null;
  readonly #pipeline: Pipeline;
  readonly #stop: StopSignal;
  readonly #files = new Map<string, FileOutcome>();
  readonly #reports: ScanReport[] = [];
  #counts = emptySummary();

  constructor(pipeline: Pipeline, stop: StopSignal) {
    this.#pipeline = pipeline;
    this.#stop = stop;
  }

  /** Scans, waits until all is committed and delivered; false when that was not to be. */
  async finish(): Promise<boolean> {
    const { intake } = this.#pipeline;
    const progress = startProgress(() => ({
      total: this.#files.size,
      done: this.#files.size - (intake?.underWay ?? 0),
    }));
    try {
      const all = this.#takeAll();
      const end = await Promise.race([all, this.#stop.stopped, this.#pipeline.backend.lost]);
      if (end !== undefined) {
        all.catch(() => undefined);
        if (typeof end !== 'string') throw end;
        this.unfinished = INTERRUPTED;
        return false;
      }
      this.#counts = await this.#count();
      return await this.#delivered();
    } finally {
      progress.stop();
    }
  }

  async summary(seconds: number): Promise<Summary> {
    const { files } = this.#counts;
    return {
      ...this.#counts,
      images: this.#pipeline.pictures,
      seconds: Number(seconds.toFixed(3)),
      articlesPerSecond: Number((files / seconds).toFixed(1)),
    };
  }

  async #takeAll(): Promise<void> {
    const pipeline = this.#pipeline;
    const options = {
      ...pipeline.scanOptions(),
      onFile: (key: string, what: FileOutcome) => void this.#files.set(key, what),
    };
    for (const root of pipeline.roots) {
      this.#reports.push(await scanRoot(root, options, pipeline.watchPorts(), this.#stop.signal));
    }
    await pipeline.intake?.settled();
  }

  /** Reads from the state what became of each file: another process may have done its job. */
  async #count(): Promise<Summary> {
    const counts = emptySummary();
    const failed = this.#pipeline.intake?.failed ?? new Set();
    const keys = [...this.#files.keys()];
    counts.files = keys.length;
    for (let from = 0; from < keys.length; from += ROWS_AT_ONCE) {
      const page = keys.slice(from, from + ROWS_AT_ONCE);
      const rows = await this.#pipeline.backend.state.sources(page);
      for (const key of page) {
        const row = rows.get(key);
        const what = this.#files.get(key);
        if (failed.has(key) || !row) counts.failed++;
        else if (row.problems !== null) counts.rejected++;
        else if (what !== 'read') counts.unchanged++;
        else if (row.outcome === 'superseded') counts.superseded++;
        else if (row.outcome === 'created' || row.outcome === 'updated') counts.delivered++;
        else counts.unchanged++;
      }
    }
    counts.moved = sum(this.#reports.map(({ moved }) => moved));
    counts.removed = sum(this.#reports.map(({ gone }) => gone));
    return counts;
  }

  /** Waits until each sink of this command has all that was in the log when all was committed. */
  async #delivered(): Promise<boolean> {
    const { state } = this.#pipeline.backend;
    const names = this.#pipeline.sinks.map(({ name }) => name);
    const { last } = await state.logExtent();
    const waited = new Map(names.map((name) => [name, { number: -1, since: performance.now() }]));
    for (;;) {
      if (this.#stop.signal.aborted) {
        this.unfinished = INTERRUPTED;
        return false;
      }
      const behind = (await state.sinks()).filter(
        ({ name, number }) => names.includes(name) && number < last,
      );
      if (behind.length === 0) break;
      for (const { name, number, trouble } of behind) {
        const mark = waited.get(name);
        if (!mark || mark.number !== number) waited.set(name, { number, since: performance.now() });
        else if (performance.now() - mark.since > this.#pipeline.settings.wait * 1000) {
          this.unfinished = `the sink ${name} has been down for ${this.#pipeline.settings.wait} s${trouble === '' ? '' : ` (${trouble})`}; its events wait in the state`;
          return false;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, SINK_POLL_MS));
    }
    this.deadLetters = await countDeadLetters(state, names);
    return true;
  }
}

async function countDeadLetters(state: StateStore, names: readonly string[]): Promise<number> {
  const letters = await state.deadLetters();
  return letters.filter(({ sink }) => names.includes(sink)).length;
}

function emptySummary(): Summary {
  return {
    files: 0,
    delivered: 0,
    unchanged: 0,
    rejected: 0,
    superseded: 0,
    failed: 0,
    moved: 0,
    removed: 0,
    images: { verified: 0, failed: 0, skipped: 0, cached: 0 },
    seconds: 0,
    articlesPerSecond: 0,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

async function tell(
  { json, log }: Invocation,
  summary: Summary,
  { unfinished, deadLetters }: Ingest,
  sinks: readonly SinkSpec[],
): Promise<void> {
  if (unfinished !== null) log.error(`The ingest could not finish: ${unfinished}`);
  if (deadLetters > 0)
    log.error(`${deadLetters} events were refused by a sink for good; galley status lists them`);
  if (json) return printJson(summary);
  const { files, delivered, unchanged, rejected, superseded, failed, moved, removed, images } = summary;
  const parts = [
    `${delivered} delivered`,
    ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
    ...(rejected > 0 ? [`${rejected} rejected (galley rejected says why)`] : []),
    ...(superseded > 0 ? [`${superseded} superseded`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(moved > 0 ? [`${moved} moved`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ];
  const pictures = images.verified + images.failed + images.skipped;
  // Whoever reads events on standard output reads nothing else there.
  const stream = sinks.some(({ ownsStdout }) => ownsStdout) ? process.stderr : process.stdout;
  await print(
    `${files} files: ${parts.join(', ')}` +
      (pictures > 0
        ? `; pictures: ${images.verified} verified, ${images.failed} failed, ${images.skipped} skipped`
        : '') +
      `; ${summary.seconds.toFixed(1)} s, ${Math.round(summary.articlesPerSecond)} articles/s`,
    stream,
  );
}
