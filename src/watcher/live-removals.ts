import { setTimeout as delay } from 'node:timers/promises';
import { isGone, lookAt } from './file-look.js';
import type { HeldRemoval } from './held-removals.js';
import type { WatchPorts } from './ports.js';
import { absoluteOf, keyPrefix } from './root.js';
import type { Taker } from './taker.js';
import { withheldReason, type WithheldReason } from './withholding.js';

/** Longest that a burst of removals is gathered before it is told. Milliseconds. */
const LONGEST_BURST_MS = 1000;
/** Longest that removals wait for files that are being taken at that moment. Milliseconds. */
const LONGEST_WAIT_FOR_ADDITIONS_MS = 1000;

export interface LiveRemovalOptions {
  readonly holdMs: number;
  readonly acceptRemovals: boolean;
  /** Sources known under the root at this moment, roughly. */
  readonly known: () => number;
  readonly onWithheld: (count: number, reason: WithheldReason) => void;
  readonly onGone: (count: number) => void;
}

/**
 * Removals seen live. They are held for a moment, longer while more come, so that a rename finds its source; then
 * additions are committed, and what is still gone is told. Other files are not held up by it.
 */
export class LiveRemovals {
  readonly #taker: Taker;
  readonly #ports: WatchPorts;
  readonly #options: LiveRemovalOptions;
  readonly #signal: AbortSignal;
  readonly #holder = Symbol('live');
  #timer: NodeJS.Timeout | null = null;
  #burstSince = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(taker: Taker, ports: WatchPorts, options: LiveRemovalOptions, signal: AbortSignal) {
    this.#taker = taker;
    this.#ports = ports;
    this.#options = options;
    this.#signal = signal;
  }

  /** Notes that there is no file at a path; nothing happens if none was known. Resolves when it is held; never rejects. */
  note(path: string): Promise<void> {
    return this.#holdAll(async () => {
      const source = await this.#taker.lastKnown(path);
      return source === null ? [] : [source];
    });
  }

  /** Notes that a folder is gone with all that was in it. */
  noteFolder(folder: string): void {
    const { root, sent } = this.#taker;
    const start = keyPrefix(root).length;
    const prefix = keyPrefix(root, folder);
    void this.#holdAll(async () => {
      const sources: HeldRemoval[] = [];
      for (const { key, fingerprint } of sent.under(prefix)) {
        sources.push({ key, path: key.slice(start), fingerprint });
      }
      for await (const page of this.#ports.book.scanSources(prefix)) {
        for (const row of page) {
          if (row.gone || sent.last(row.key) !== undefined) continue;
          sources.push({ key: row.key, path: row.key.slice(start), fingerprint: row.fingerprint });
        }
      }
      return sources;
    });
  }

  /** Resolves when what is being told at this moment is told. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#flushing;
  }

  /** A file that is new waits for this lookup, so that it is not called new before its source is known. */
  #holdAll(find: () => Promise<HeldRemoval[]>): Promise<void> {
    const lookup = find().then(
      (sources) => this.#hold(sources),
      (error: unknown) => this.#ports.log.error({ error }, 'a removal could not be looked up'),
    );
    this.#taker.removals.whileLoading(lookup);
    return lookup;
  }

  #hold(sources: readonly HeldRemoval[]): void {
    let held = 0;
    for (const source of sources) if (this.#taker.removals.hold(source, this.#holder)) held += 1;
    if (held === 0 || this.#signal.aborted) return;
    const now = Date.now();
    if (this.#timer === null) this.#burstSince = now;
    else clearTimeout(this.#timer);
    const left = LONGEST_BURST_MS - (now - this.#burstSince);
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.min(this.#options.holdMs, left)));
  }

  #expire(): void {
    this.#timer = null;
    const due = this.#taker.removals.heldBy(this.#holder);
    this.#flushing = this.#flushing.then(() =>
      this.#flush(due).catch((error: unknown) => {
        for (const source of due) this.#taker.removals.release(source.key);
        if (this.#signal.aborted) return;
        this.#ports.log.error({ error }, 'removals could not be told; the next scan finds them again');
      }),
    );
  }

  async #flush(due: readonly HeldRemoval[]): Promise<void> {
    const { removals, root, sent } = this.#taker;
    const done = new AbortController();
    const waited = delay(LONGEST_WAIT_FOR_ADDITIONS_MS, undefined, { signal: done.signal });
    await Promise.race([this.#taker.underWay(), waited.catch(() => undefined)]);
    done.abort();
    await sent.forgetCommitted(this.#ports.intake);
    this.#signal.throwIfAborted();
    const gone: HeldRemoval[] = [];
    for (const source of due) {
      if (!removals.has(source.key)) continue;
      if (isGone(await lookAt(absoluteOf(root, source.path)))) gone.push(source);
      else removals.release(source.key);
    }
    const rootPresent = (await lookAt(root.dir)).kind === 'folder';
    const { acceptRemovals } = this.#options;
    const known = this.#options.known();
    const reason = withheldReason({ rootPresent, gone: gone.length, known, acceptRemovals });
    if (reason !== null) {
      for (const source of gone) removals.release(source.key);
      this.#options.onWithheld(gone.length, reason);
      return;
    }
    let told = 0;
    for (const source of gone) {
      if (removals.has(source.key) && (await this.#taker.remove(source))) told += 1;
    }
    this.#options.onGone(told);
  }
}
