import { close, closeSync, constants, open, openSync, read, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lookAt, lookAtNow, type FileLook, type Look } from './file-look.js';

/** How files are looked at and read. */
export interface FileAccess {
  look(absolute: string): Promise<Look>;
  /** The bytes of a file whose size is known; fewer or more when it has another size by now. Throws system errors. */
  read(absolute: string, look: FileLook): Promise<Uint8Array>;
}

/** A small file read in place took longer than this: its disk is slow or far. Milliseconds. */
const SLOW_MS = 5;
/** How many calls go through the thread pool after a slow one, before it is tried again in place. */
const CALLS_AFTER_SLOW = 500;
/** Larger files are always read in the thread pool. Bytes. */
const MOST_IN_PLACE = 64 * 1024;
/** How long calls in place may keep the event loop before others have a turn. Milliseconds. */
const TURN_MS = 4;

// Not following a symbolic link that took the file's place, and not hanging on a pipe that did.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const openFile = promisify(open);
const readFile = promisify(read);
const closeFile = promisify(close);

/** Through the thread pool, always: for mounts that may hang. */
export const pooledAccess: FileAccess = { look: lookAt, read: readPooled };

/**
 * In place as long as that is fast, which it is for files just written: a small file costs 20 µs that way and 120 µs
 * through the thread pool (measured, 1.8 KB, in the page cache). A call that was slow sends the next ones to the pool.
 */
export function adaptiveAccess(now: () => number = () => performance.now()): FileAccess {
  let pooledCalls = 0;
  let turnEnds = 0;

  const inPlace = async <T>(act: () => T): Promise<T> => {
    let start = now();
    if (start > turnEnds) {
      await nextTurn();
      start = now();
      turnEnds = start + TURN_MS;
    }
    try {
      return act();
    } finally {
      if (now() - start > SLOW_MS) pooledCalls = CALLS_AFTER_SLOW;
    }
  };
  const usePool = (): boolean => pooledCalls > 0 && pooledCalls-- > 0;

  return {
    look: (absolute) => (usePool() ? lookAt(absolute) : inPlace(() => lookAtNow(absolute))),
    read: (absolute, look) =>
      look.bytes > MOST_IN_PLACE || usePool()
        ? readPooled(absolute, look)
        : inPlace(() => readNow(absolute, look)),
  };
}

// One byte more is asked for than expected, so that a file that has grown shows; a shorter answer is the end.

function readNow(absolute: string, look: FileLook): Uint8Array {
  const descriptor = openSync(absolute, OPEN_FLAGS);
  try {
    const buffer = Buffer.allocUnsafe(look.bytes + 1);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

async function readPooled(absolute: string, look: FileLook): Promise<Uint8Array> {
  const descriptor = await openFile(absolute, OPEN_FLAGS);
  try {
    const buffer = Buffer.allocUnsafe(look.bytes + 1);
    const { bytesRead } = await readFile(descriptor, buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await closeFile(descriptor);
  }
}
