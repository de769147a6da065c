import { lstat, lstatSync, type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import type { FileStat } from '../shared/state/observation.js';

/** A file modified more than this many milliseconds ago is taken to be at rest. */
export const SETTLED_AFTER_MS = 2000;

/** What a look at a file gave, in full precision. */
export interface FileLook {
  readonly bytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
}

// The callback form: half the cost of the one in fs/promises, which counts over 100,000 files.
const lstatCallback = promisify(lstat) as (path: string, options: { bigint: true }) => Promise<BigIntStats>;

/** `absent`: nothing there. `other`: a folder, symbolic link, pipe. `unreachable`: cannot be told, `code` says why. */
export type Look =
  | { readonly kind: 'file'; readonly look: FileLook }
  | { readonly kind: 'folder'; readonly inode: bigint; readonly device: bigint }
  | { readonly kind: 'other' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreachable'; readonly code: string };

/** Looks at a path without following a symbolic link and without opening it. Never throws. */
export async function lookAt(absolute: string): Promise<Look> {
  try {
    return lookOf(await lstatCallback(absolute, { bigint: true }));
  } catch (error) {
    return failedLook(errorCode(error));
  }
}

/** The same in place, holding up the event loop for some microseconds. Never throws. */
export function lookAtNow(absolute: string): Look {
  try {
    const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? { kind: 'absent' } : lookOf(stats);
  } catch (error) {
    return failedLook(errorCode(error));
  }
}

function lookOf(stats: BigIntStats): Look {
  if (stats.isFile()) return { kind: 'file', look: fileLook(stats) };
  if (stats.isDirectory()) return { kind: 'folder', inode: stats.ino, device: stats.dev };
  return { kind: 'other' };
}

function failedLook(code: string): Look {
  return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'unreachable', code };
}

/** Whether there is no article file at a path any more. What cannot be told counts as still there. */
export function isGone(look: Look): boolean {
  return look.kind === 'absent' || look.kind === 'other' || look.kind === 'folder';
}

/** The code of a system error (`EACCES`), or `EUNKNOWN`. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}

function fileLook(stats: BigIntStats): FileLook {
  return {
    bytes: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
    device: stats.dev,
  };
}

/** Whether nothing about the file differs between two looks. */
export function sameLook(a: FileLook, b: FileLook): boolean {
  return (
    a.bytes === b.bytes &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode &&
    a.device === b.device
  );
}

/** Milliseconds since the file was modified; negative when its time lies in the future. */
export function ageMs(look: FileLook, nowMs: number): number {
  return nowMs - Number(look.mtimeNs / 1_000_000n);
}

/** The form that travels and is stored. `readAtMs`: epoch milliseconds just before it was read. */
export function fileStat(look: FileLook, readAtMs: number): FileStat {
  return {
    bytes: look.bytes,
    mtimeNs: String(look.mtimeNs),
    ctimeNs: String(look.ctimeNs),
    inode: String(look.inode),
    settled: ageMs(look, readAtMs) > SETTLED_AFTER_MS,
  };
}

/** Whether a file is as it was when last read, so that it need not be read again. */
export function isUnchanged(look: FileLook, known: FileStat | null): boolean {
  return known !== null && known.settled && matchesStat(look, known);
}

/** Whether a look gives the same figures as a stored stat, whatever they are worth. */
export function matchesStat(look: FileLook, known: FileStat): boolean {
  return (
    look.bytes === known.bytes &&
    String(look.mtimeNs) === known.mtimeNs &&
    String(look.ctimeNs) === known.ctimeNs &&
    String(look.inode) === known.inode
  );
}
