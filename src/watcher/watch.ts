import { setTimeout as delay } from 'node:timers/promises';
import { DirtyFiles } from './dirty-files.js';
import { pooledAccess } from './file-access.js';
import { lookAt, sameLook } from './file-look.js';
import { isArticleName, mayBeMangled } from './file-names.js';
import { FolderWatch } from './folder-watch.js';
import { LiveRemovals } from './live-removals.js';
import { cannotTell } from './open-files.js';
import { limitsOf, type Limits, type WatchOptions } from './options.js';
import type { WatchPorts } from './ports.js';
import type { Root } from './root.js';
import { scanWith, type ScanReport } from './scan.js';
import type { SeenFiles } from './seen-files.js';
import { Taker, type Taken } from './taker.js';
import { walk } from './walk.js';
import type { WithheldReason } from './withholding.js';

/** How a watcher is doing, for `readyz`, the log and the dashboard. */
export interface WatcherStatus {
  readonly root: 'present' | 'missing';
  /** Removals that were not told, because they look like an unmounted disk. */
  readonly withheld: { readonly count: number; readonly reason: WithheldReason } | null;
  /** What keeps the watcher from seeing changes at once; null when nothing does. */
  readonly trouble: string | null;
  /** Files noted and not looked at yet. */
  readonly waiting: number;
  /** Epoch milliseconds of the end of the last scan; null before the first. */
  readonly scannedAt: number | null;
}

export interface Watcher {
  /** The scan over what was there at the start; null when it failed (it is tried again) or the watcher was closed. */
  readonly firstScan: Promise<ScanReport | null>;
  /** Looks at everything again: after the state was away. Rejects with what the ports throw. */
  rescan(): Promise<ScanReport>;
  status(): WatcherStatus;
  /** Stops taking files; resolves when what was under way is given to the intake and nothing is left open. */
  close(): Promise<void>;
}

const DEFAULT_POLL_MS = 1000;
const DEFAULT_RESCAN_MS = 5 * 60_000;
const DEFAULT_PRESENCE_MS = 2000;
const DEFAULT_HOLD_MS = 100;
/** After a failure of the state, the intake or the system a file or scan is tried again after this. Milliseconds. */
const TRY_AGAIN_MS = 1000;
/** When nothing was sent for this long, what was sent is checked to be committed. Milliseconds. */
const QUIET_MS = 1000;
/** The writer may be another machine, of which /proc knows nothing, and any call may hang. */
const forRemoteMounts = { openFiles: cannotTell, access: pooledAccess };
/** From this many readings that may be uncommitted on, it is checked without waiting for quiet. */
const MANY_SENT = 2000;
/** Mangled names that are remembered so as to warn of each once. */
const MOST_WARNED = 1000;

/**
 * Watches a root: first the folders, then the files in them, so that nothing falls between. Resolves when it is
 * watching; the first scan goes on behind it.
 * @throws WatchLimitError when the system allows no more watches.
 */
export async function watchRoot(root: Root, options: WatchOptions, ports: WatchPorts): Promise<Watcher> {
  const watcher = new RootWatcher(root, options, ports);
  await watcher.start();
  return watcher;
}

class RootWatcher implements Watcher {
  readonly #root: Root;
  readonly #options: WatchOptions;
  readonly #limits: Limits;
  readonly #ports: WatchPorts;
  readonly #stop = new AbortController();
  readonly #taker: Taker;
  readonly #removals: LiveRemovals;
  readonly #dirty: DirtyFiles;
  readonly #warned = new Set<string>();
  readonly #loops: Promise<void>[] = [];
  readonly #retries = new Set<NodeJS.Timeout>();
  #folders: FolderWatch | null = null;
  #identity = '';
  #status: Omit<WatcherStatus, 'waiting'> = {
    root: 'present',
    withheld: null,
    trouble: null,
    scannedAt: null,
  };
  #known = 0;
  #quiet: NodeJS.Timeout | null = null;
  #forgetting: Promise<void> | null = null;
  #scan: Promise<ScanReport> | null = null;
  #nextScan: Promise<ScanReport> | null = null;
  firstScan: Promise<ScanReport | null> = Promise.resolve(null);

  constructor(root: Root, options: WatchOptions, ports: WatchPorts) {
    this.#root = root;
    this.#options = options;
    this.#limits = limitsOf(options);
    this.#ports = options.poll === true ? { ...forRemoteMounts, ...ports } : ports;
    const signal = this.#stop.signal;
    this.#taker = new Taker(root, this.#limits, this.#ports, signal, {
      onAbsent: (path) => this.#removals.note(path),
    });
    this.#removals = new LiveRemovals(
      this.#taker,
      this.#ports,
      {
        holdMs: options.holdMs ?? DEFAULT_HOLD_MS,
        acceptRemovals: this.#limits.acceptRemovals,
        known: () => this.#known,
        onWithheld: (count, reason) => this.#withhold(count, reason),
        onGone: (count) => (this.#known -= count),
      },
      signal,
    );
    this.#dirty = new DirtyFiles((path) => this.#lookAtName(path));
  }

  async start(): Promise<void> {
    try {
      await this.#watchFolders();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.firstScan = this.#scanUntilDone();
    this.#loops.push(
      this.#every(this.#options.presenceIntervalMs ?? DEFAULT_PRESENCE_MS, () => this.#checkRoot()),
    );
    this.#loops.push(this.#every(this.#options.rescanIntervalMs ?? DEFAULT_RESCAN_MS, () => this.#safely()));
    if (this.#options.poll === true) this.#loops.push(this.#poll());
  }

  status(): WatcherStatus {
    return { ...this.#status, waiting: this.#dirty.size };
  }

  rescan(): Promise<ScanReport> {
    if (this.#scan === null) return this.#startScan();
    // One that is running may have passed what changed since: the next one sees it, and serves all who ask.
    this.#nextScan ??= this.#scan.then(
      () => this.#startScan(),
      () => this.#startScan(),
    );
    return this.#nextScan;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    for (const retry of this.#retries) clearTimeout(retry);
    await this.#folders?.close();
    await this.#dirty.stop();
    await this.#removals.stop();
    await this.#taker.underWay();
    await Promise.allSettled([this.#scan, this.firstScan, ...this.#loops]);
  }

  // Names and files

  async #lookAtName(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (path !== '' && isArticleName(name, this.#limits.extensions)) await this.#takeFile(path);
    else await this.#lookAtFolder(path);
  }

  async #lookAtFolder(path: string): Promise<void> {
    if (path === '') await this.#checkRoot();
    else await this.#folders?.checkFolder(path);
  }

  async #takeFile(path: string): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { done } = await this.#taker.begin(path);
    done.then(
      (taken) => this.#taken(path, taken),
      (error: unknown) => this.#failed(path, error),
    );
  }

  #taken(path: string, taken: Taken): void {
    if (taken === 'absent') {
      this.#warnIfMangled(path);
      // A folder may have the name of an article.
      void this.#folders?.checkFolder(path);
    }
    if (taken === 'added') this.#known += 1;
    if (taken === 'added' || taken === 'changed' || taken === 'moved') this.#noteSent();
  }

  #failed(path: string, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#ports.log.error({ path, error }, 'a file could not be taken; it is tried again');
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      this.#dirty.add(path);
    }, TRY_AGAIN_MS);
    this.#retries.add(retry);
  }

  #warnIfMangled(path: string): void {
    if (!mayBeMangled(path) || this.#warned.has(path) || this.#warned.size >= MOST_WARNED) return;
    this.#warned.add(path);
    this.#ports.log.warn({ path }, 'a file is skipped whose name is not valid UTF-8; rename it');
  }

  /** Lets the rows speak again once all is committed, now if much was sent, else when it is quiet. */
  #noteSent(): void {
    if (this.#taker.sent.size > MANY_SENT) this.#forget();
    else if (this.#quiet === null) this.#quiet = setTimeout(() => this.#forget(), QUIET_MS);
    else this.#quiet.refresh();
  }

  #forget(): void {
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = null;
    if (this.#forgetting !== null || this.#stop.signal.aborted) return;
    this.#forgetting = this.#taker.sent
      .forgetCommitted(this.#ports.intake)
      .catch((error: unknown) => this.#ports.log.warn({ error }, 'it cannot be told what is committed'))
      .finally(() => (this.#forgetting = null));
  }

  // Scans

  #startScan(): Promise<ScanReport> {
    this.#nextScan = null;
    const hooks = {
      ...this.#limits,
      ...(this.#options.onFile === undefined ? {} : { onFile: this.#options.onFile }),
    };
    const running = scanWith(this.#taker, hooks, this.#ports, this.#stop.signal)
      .then((report) => this.#scanned(report))
      .finally(() => {
        if (this.#scan === running) this.#scan = null;
      });
    this.#scan = running;
    return running;
  }

  #scanned(report: ScanReport): ScanReport {
    const { withheldRemovals: count, reason } = report;
    this.#known = report.seen + count;
    this.#status = {
      ...this.#status,
      withheld: reason === null ? null : { count, reason },
      scannedAt: Date.now(),
    };
    this.#noteSent();
    return report;
  }

  async #scanUntilDone(): Promise<ScanReport | null> {
    for (;;) {
      const report = await this.#safely();
      if (report !== null || this.#stop.signal.aborted) return report;
      await this.#pause(TRY_AGAIN_MS);
    }
  }

  /** A scan nobody waits for: a failure is logged. */
  async #safely(): Promise<ScanReport | null> {
    try {
      return await this.rescan();
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#ports.log.error({ error }, 'a scan failed; it is made again');
      return null;
    }
  }

  #withhold(count: number, reason: WithheldReason): void {
    this.#status = { ...this.#status, withheld: { count, reason } };
    this.#ports.log.error(
      { root: this.#root.dir, withheld: count, reason },
      'files are gone that look like an unmounted disk: no removal is told',
    );
  }

  // Folders and the root

  async #watchFolders(): Promise<void> {
    this.#identity = await this.#identityOfRoot();
    if (this.#options.poll === true || this.#root.only !== undefined) return;
    const folders = new FolderWatch(
      this.#root,
      this.#limits.extensions,
      {
        onName: (path) => this.#dirty.add(path),
        onFiles: (paths) => paths.forEach((path) => this.#dirty.add(path)),
        onFolderGone: (path) => this.#removals.noteFolder(path),
        onLost: (reason) => {
          this.#ports.log.warn({ reason }, 'events may have been lost: scanning');
          void this.#safely();
        },
        onTrouble: (error) => this.#trouble(error),
      },
      this.#ports.log,
    );
    this.#folders = folders;
    await folders.start();
  }

  #trouble(error: Error): void {
    if (this.#stop.signal.aborted) return;
    this.#status = { ...this.#status, trouble: error.message };
    this.#ports.log.error({ error }, 'a folder is not watched: changes in it are found by the next scan');
    void this.#safely();
  }

  async #identityOfRoot(): Promise<string> {
    const now = await lookAt(this.#root.dir);
    return now.kind === 'folder' ? `${now.device}:${now.inode}` : '';
  }

  /** Notes when the root goes, and watches and scans anew when it, or another in its place, is there. */
  async #checkRoot(): Promise<void> {
    const identity = await this.#identityOfRoot();
    if (identity === this.#identity || this.#stop.signal.aborted) return;
    const { dir } = this.#root;
    const folders = this.#folders;
    this.#folders = null;
    this.#identity = identity;
    await folders?.close();
    if (identity === '') {
      this.#status = { ...this.#status, root: 'missing' };
      this.#ports.log.error({ root: dir }, 'the watched folder is gone; no removal is told until it returns');
      void this.#safely();
      return;
    }
    this.#ports.log.info({ root: dir }, 'the watched folder is there again');
    try {
      await this.#watchFolders();
      this.#status = { ...this.#status, root: 'present', trouble: null };
    } catch (error) {
      this.#identity = '';
      this.#trouble(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    void this.#safely();
  }

  // Clocks

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #every(ms: number, act: () => Promise<unknown>): Promise<void> {
    for (;;) {
      await this.#pause(ms);
      if (this.#stop.signal.aborted) return;
      await act();
    }
  }

  /**
   * Without events: walks, and looks at what differs from the walk before. The rows are asked only for those, so a
   * look every second costs the state nothing while nothing happens.
   */
  async #poll(): Promise<void> {
    await this.firstScan;
    let before: SeenFiles | null = null;
    while (!this.#stop.signal.aborted) {
      const now = await this.#walk();
      if (now !== null) this.#compare(before, now);
      before = now ?? before;
      await this.#pause(this.#options.pollIntervalMs ?? DEFAULT_POLL_MS);
    }
  }

  async #walk(): Promise<SeenFiles | null> {
    try {
      return await walk(this.#root, this.#limits.extensions, this.#ports.log, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#ports.log.error({ error }, 'the folder could not be walked');
      return null;
    }
  }

  #compare(before: SeenFiles | null, now: SeenFiles): void {
    for (let index = 0; index < (before?.size ?? 0); index += 1) {
      const path = before?.pathAt(index) ?? '';
      if (now.indexOf(path) === undefined) this.#dirty.add(path);
    }
    for (let index = 0; index < now.size; index += 1) {
      const path = now.pathAt(index);
      const at = before?.indexOf(path);
      const same = at !== undefined && before !== null && sameLook(before.lookAt(at), now.lookAt(index));
      if (!same) this.#dirty.add(path);
    }
  }
}
