import { hash } from 'node:crypto';
import type { Problem } from '../shared/article/problem.js';
import { decodeUtf8 } from '../shared/article/text.js';
import type { FileAccess } from './file-access.js';
import { errorCode, fileStat, isGone, sameLook, type FileLook } from './file-look.js';
import type { FileStat } from '../shared/state/observation.js';

/** One reading of a file: its text, or what keeps it from being one. */
export interface Reading {
  readonly kind: 'read';
  readonly look: FileLook;
  readonly stat: FileStat;
  readonly fingerprint: string;
  readonly text?: string;
  readonly problem?: Problem;
}

/** `gone`: removed before or while it was read. `changed`: it became another while it was read; look again. */
export type ReadResult = Reading | { readonly kind: 'gone' } | { readonly kind: 'changed' };

/** No room for another open file here or in the whole system: says nothing about the file. */
const OUT_OF_DESCRIPTORS = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Reads a file once, whole, up to `maxBytes`, and looks again afterwards: the reading counts only if the file is
 * still the one that `look` saw. What is too large is not read; what cannot be read is a reading with a problem.
 * @throws the system's error when this process is out of descriptors or memory; the caller tries again.
 */
export async function readSource(
  access: FileAccess,
  absolute: string,
  look: FileLook,
  maxBytes: number,
): Promise<ReadResult> {
  const readAtMs = Date.now();
  if (look.bytes > maxBytes) return unread(look, readAtMs, tooLarge(look.bytes, maxBytes));
  let bytes: Uint8Array;
  try {
    bytes = await access.read(absolute, look);
  } catch (error) {
    const code = errorCode(error);
    if (OUT_OF_DESCRIPTORS.has(code)) throw error;
    const now = await access.look(absolute);
    if (isGone(now)) return { kind: 'gone' };
    if (now.kind === 'file' && !sameLook(now.look, look)) return { kind: 'changed' };
    return unread(look, readAtMs, unreadable(code));
  }
  const now = await access.look(absolute);
  if (isGone(now)) return { kind: 'gone' };
  if (now.kind !== 'file' || !sameLook(now.look, look) || bytes.length !== look.bytes)
    return { kind: 'changed' };
  const fingerprint = hash('sha256', bytes, 'hex');
  return { kind: 'read', look, stat: fileStat(look, readAtMs), fingerprint, ...decodeUtf8(bytes) };
}

/**
 * A reading without content. Its fingerprint leaves the change time out, which a rename sets: a bad file that is
 * renamed is still recognised.
 */
function unread(look: FileLook, readAtMs: number, problem: Problem): Reading {
  const told = [problem.code, look.bytes, look.mtimeNs, look.inode].join(' ');
  return {
    kind: 'read',
    look,
    stat: fileStat(look, readAtMs),
    fingerprint: hash('sha256', told, 'hex'),
    problem,
  };
}

function tooLarge(bytes: number, maxBytes: number): Problem {
  return {
    code: 'too-large',
    field: '',
    message: `the file has ${bytes} bytes, more than the ${maxBytes} that are read`,
    expected: `at most ${maxBytes} bytes`,
    found: `${bytes} bytes`,
  };
}

function unreadable(code: string): Problem {
  const denied = code === 'EACCES' || code === 'EPERM';
  return {
    code: 'unreadable',
    field: '',
    message: denied
      ? 'the file cannot be read: permission denied; let the user that runs Galley read it'
      : `the file cannot be read: the system says ${code}`,
    found: code,
  };
}
