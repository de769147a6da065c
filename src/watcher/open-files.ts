import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileLook } from './file-look.js';

/** `unknown`: nobody was found, but not every process could be asked. */
export type Writers = 'open' | 'closed' | 'unknown';

/** Says whether any process has a file open for writing. */
export interface OpenFiles {
  ask(look: FileLook): Promise<Writers>;
}

/** For platforms and mounts where it cannot be told. */
export const cannotTell: OpenFiles = { ask: () => Promise.resolve('unknown') };

/** How long one pass may keep the event loop before it lets others run. Milliseconds. */
const SLICE_MS = 2;
const OWNER_MAY_WRITE = 0o200;

/**
 * Asks `/proc/<pid>/fd`. One pass over it answers everyone who was waiting when it began; who comes while it runs
 * waits for the next, since a file may have been opened behind it.
 */
export function procOpenFiles(proc = '/proc'): OpenFiles {
  let waiting: { id: string; answer: (writers: Writers) => void }[] = [];
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    try {
      while (waiting.length > 0) {
        const asked = waiting;
        waiting = [];
        const pass = await passOver(proc, new Set(asked.map((one) => one.id)));
        for (const one of asked) one.answer(verdict(pass, one.id));
      }
    } finally {
      running = false;
    }
  };

  return {
    ask: (look) =>
      new Promise((answer) => {
        waiting.push({ id: identity(look.device, look.inode), answer });
        // Deferred, so that all who ask in this turn share the pass.
        if (!running) queueMicrotask(() => void (running || run()));
      }),
  };
}

/** The way to ask on this platform. */
export function systemOpenFiles(): OpenFiles {
  return process.platform === 'linux' ? procOpenFiles() : cannotTell;
}

interface Pass {
  readonly written: ReadonlySet<string>;
  /** Whether every process could be asked. */
  readonly complete: boolean;
}

function verdict(pass: Pass, id: string): Writers {
  if (pass.written.has(id)) return 'open';
  return pass.complete ? 'closed' : 'unknown';
}

function identity(device: bigint, inode: bigint): string {
  return `${device}:${inode}`;
}

async function passOver(proc: string, wanted: ReadonlySet<string>): Promise<Pass> {
  const written = new Set<string>();
  const processes = list(proc);
  // With `hidepid` others' processes are not even listed; the first one always exists.
  let complete = processes !== null && processes.includes('1');
  let sliceEnd = performance.now() + SLICE_MS;
  for (const pid of processes ?? []) {
    if (!isNumber(pid)) continue;
    const folder = `${proc}/${pid}/fd`;
    const descriptors = list(folder);
    if (descriptors === null) complete = false;
    for (const descriptor of descriptors ?? []) noteWritten(`${folder}/${descriptor}`, wanted, written);
    if (performance.now() > sliceEnd) {
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
  }
  return { written, complete };
}

/**
 * The link's own mode says how the descriptor was opened (`l-wx` for writing: Linux, fs/proc/fd.c), at half the
 * cost of reading its `fdinfo`; sockets and pipes are told by their names. Only files open for writing are followed,
 * so that a dead network mount that some process merely reads cannot hold us up.
 */
function noteWritten(link: string, wanted: ReadonlySet<string>, written: Set<string>): void {
  try {
    const target = readlinkSync(link);
    if (!target.startsWith('/') || target.startsWith('/dev/')) return;
    const own = lstatSync(link, { throwIfNoEntry: false });
    if (own === undefined || (own.mode & OWNER_MAY_WRITE) === 0) return;
    const file = statSync(link, { bigint: true, throwIfNoEntry: false });
    if (file === undefined) return;
    const id = identity(file.dev, file.ino);
    if (wanted.has(id)) written.add(id);
  } catch {
    // Closed between the listing and the look, or not a thing with an inode.
  }
}

/** The entries of a folder of `/proc`; empty when the process has ended; null when we may not look. */
function list(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENOENT' || code === 'ESRCH' ? [] : null;
  }
}

function isNumber(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 48 && first <= 57;
}
