import path from 'node:path';
import { FSWatcher, type Throttler, type ThrottleType } from 'chokidar';
import { errorCode, lookAt } from './file-look.js';
import { isArticleName, isContentFolder } from './file-names.js';
import { watchLimitError } from './errors.js';
import type { Log } from './ports.js';
import { absoluteOf, relativeOf, type Root } from './root.js';
import { listFolder } from './walk.js';

/** What is told of the watched folders. Paths are under the root. */
export interface FolderEvents {
  /** Something happened to a name: it may be there, changed or gone, and a file or a folder. */
  onName(path: string): void;
  /** A folder is watched from now on, in which these files were found. */
  onFiles(paths: readonly string[]): void;
  /** A folder that was watched is gone or another one took its place. */
  onFolderGone(path: string): void;
  /** Events may have been lost: look at everything again. */
  onLost(reason: string): void;
  onTrouble(error: Error): void;
}

/**
 * chokidar, kept from listing a folder again at each event in it: in a folder of 100,000 files that would be as many
 * looks for each file that is dropped. The event's own name is looked at instead, and new folders are added by hand.
 */
class QuietWatcher extends FSWatcher {
  override _throttle(action: ThrottleType, name: string, timeout: number): Throttler | false {
    return action === 'readdir' ? false : super._throttle(action, name, timeout);
  }

  /** Resolves when the folder is watched, with true, or cannot be, with false. */
  async attach(folder: string): Promise<boolean> {
    await this._nodeFsHandler._addToNodeFs(folder, true, undefined, 0);
    return this._closers.has(folder);
  }

  detach(folder: string): void {
    this._closePath(folder);
  }
}

/**
 * From this many events in one turn of the loop on, the kernel's queue (16,384 by default) may have run over,
 * of which Node does not tell.
 */
const LOST_FROM = 8000;

/** Watches all folders under a root, and no file: one watch a folder instead of one a file. */
export class FolderWatch {
  readonly #root: Root;
  readonly #extensions: readonly string[];
  readonly #events: FolderEvents;
  readonly #log: Log;
  readonly #watcher: QuietWatcher;
  /** Watched folders, with the inode that is watched. Paths under the root; the root's own is empty. */
  readonly #folders = new Map<string, bigint>();
  /** Folders of which the kernel said that they were removed or moved: their watch is dead, whatever is there now. */
  readonly #dead = new Set<string>();
  #burst = 0;
  #lastError: Error | null = null;
  #closed = false;
  #started = false;

  constructor(root: Root, extensions: readonly string[], events: FolderEvents, log: Log) {
    this.#root = root;
    this.#extensions = extensions;
    this.#events = events;
    this.#log = log;
    this.#watcher = new QuietWatcher({
      ignoreInitial: true,
      followSymlinks: false,
      atomic: false,
      usePolling: false,
      ignorePermissionErrors: true,
    });
    this.#watcher.on('raw', (event, name, details) => this.#onRaw(event, name, details));
    this.#watcher.on('error', (error) => this.#onError(error));
  }

  /**
   * Watches the root and all folders under it. `onFiles` is not called for what is there already: a scan follows.
   * @throws WatchLimitError when the system allows no more watches; other errors of the root itself.
   */
  async start(): Promise<void> {
    await this.#attachTree('', () => undefined);
    this.#started = true;
    if (!this.#folders.has('')) {
      throw this.#lastError ?? new Error(`Cannot watch ${this.#root.dir}`);
    }
  }

  get folders(): number {
    return this.#folders.size;
  }

  /** Looks whether a name stands for a folder that came, went or was replaced. Answers whether it is or was one. */
  async checkFolder(folder: string): Promise<boolean> {
    if (this.#closed) return false;
    const now = await lookAt(absoluteOf(this.#root, folder));
    const watched = this.#folders.get(folder);
    // The inode alone does not tell: it may have been used again for the folder that took its place.
    const dead = this.#dead.delete(folder);
    if (now.kind === 'folder' && watched === now.inode && !dead) return true;
    if (watched !== undefined) {
      this.#detachTree(folder);
      this.#events.onFolderGone(folder);
    }
    if (now.kind !== 'folder') return watched !== undefined;
    try {
      await this.#attachTree(folder, (files) => this.#events.onFiles(files));
    } catch (error) {
      this.#onError(error);
    }
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watcher.close();
    this.#folders.clear();
  }

  /**
   * A folder is watched first and listed afterwards, so that nothing falls between: what comes after the listing
   * is an event.
   */
  async #attachTree(top: string, onFiles: (paths: readonly string[]) => void): Promise<void> {
    const waiting = [top];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (this.#closed) return;
      if (this.#folders.has(folder) && folder !== top) continue;
      if (!(await this.#attach(folder))) continue;
      await listFolder(this.#root, folder, this.#extensions, (entries) => {
        waiting.push(...entries.folders);
        onFiles(entries.files);
      });
    }
  }

  async #attach(folder: string): Promise<boolean> {
    const absolute = absoluteOf(this.#root, folder);
    const before = await lookAt(absolute);
    if (before.kind !== 'folder' || this.#closed) return false;
    // Noted before the watch: if the folder is replaced in between, the next event shows another inode.
    this.#folders.set(folder, before.inode);
    this.#lastError = null;
    if (await this.#watcher.attach(absolute)) return true;
    this.#folders.delete(folder);
    const limit = watchLimitError(errorCode(this.#lastError), absolute, this.#lastError);
    if (limit !== null) throw limit;
    this.#log.warn({ folder: absolute, error: this.#lastError }, 'a folder cannot be watched');
    return false;
  }

  #detachTree(top: string): void {
    for (const folder of this.#folders.keys()) {
      if (folder !== top && top !== '' && !folder.startsWith(`${top}/`)) continue;
      this.#watcher.detach(absoluteOf(this.#root, folder));
      this.#folders.delete(folder);
    }
  }

  #onRaw(event: string, name: string, details: unknown): void {
    if (this.#closed) return;
    this.#countBurst();
    const watched = watchedPath(details);
    if (watched === null) return;
    if (name === null || name === undefined) {
      this.#events.onLost('an event without a name');
      return;
    }
    if (!isContentFolder(name)) return;
    // Folders come and go with 'rename'; what is written to other files is of no concern.
    if (event !== 'rename' && !isArticleName(name, this.#extensions)) return;
    const relative = relativeOf(this.#root, path.join(watched, name));
    // A folder that is itself removed or moved is told of with its own name.
    if (path.basename(watched) === name) this.#markDead(watched);
    if (relative !== null && relative !== '') this.#events.onName(relative);
  }

  #markDead(watched: string): void {
    const folder = relativeOf(this.#root, watched);
    if (folder === null) return;
    if (this.#folders.has(folder)) this.#dead.add(folder);
    this.#events.onName(folder);
  }

  #countBurst(): void {
    this.#burst += 1;
    if (this.#burst > 1) return;
    setImmediate(() => {
      const count = this.#burst;
      this.#burst = 0;
      if (count >= LOST_FROM && !this.#closed) this.#events.onLost(`${count} events at once`);
    });
  }

  #onError(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#lastError = error;
    // Until then the error is thrown to the one who starts.
    if (this.#started)
      this.#events.onTrouble(watchLimitError(errorCode(error), this.#root.dir, error) ?? error);
  }
}

function watchedPath(details: unknown): string | null {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return null;
  return typeof details.watchedPath === 'string' ? details.watchedPath : null;
}
