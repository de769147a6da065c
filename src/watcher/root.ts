import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../shared/errors/errors.js';

/** A watched folder. Machines that mount one folder at different paths give it one name. */
export interface Root {
  /** Its real path, or the name given. The first part of the keys of its sources. */
  readonly name: string;
  /** Its real path on this machine. */
  readonly dir: string;
  /** Set when a single file was given: its name in `dir`. Nothing else of the folder is looked at. */
  readonly only?: string;
}

/**
 * Opens a folder, or a file alone, which then has its folder as root. The path itself may be a symbolic link.
 * @throws UsageError when there is nothing at the path, it cannot be reached, or the name has a `/` in it.
 */
export async function openRoot(spec: { name?: string; dir: string }): Promise<Root> {
  if (spec.name !== undefined && (spec.name === '' || /[/\0]/.test(spec.name))) {
    throw new UsageError(
      `The name '${spec.name}' of the folder ${spec.dir} must not be empty or contain '/'.`,
    );
  }
  const real = await realPath(spec.dir);
  const stats = await stat(real);
  if (stats.isDirectory()) return { name: spec.name ?? real, dir: real };
  if (!stats.isFile()) throw new UsageError(`${spec.dir} is neither a folder nor a file.`);
  const dir = path.dirname(real);
  return { name: spec.name ?? dir, dir, only: path.basename(real) };
}

async function realPath(given: string): Promise<string> {
  try {
    return await realpath(given);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why = code === 'ENOENT' ? 'there is no such file or folder' : `it cannot be opened (${code})`;
    throw new UsageError(`Cannot read ${given}: ${why}.`, { cause: error });
  }
}

/** Start of the keys of all sources of this root, or of those in one of its folders (`folder` with `/`, no slash at the end). */
export function keyPrefix(root: Root, folder = ''): string {
  const start = root.name.endsWith('/') ? root.name : `${root.name}/`;
  return folder === '' ? start : `${start}${folder}/`;
}

/** The key of the source at this path under the root. */
export function keyOf(root: Root, relative: string): string {
  return keyPrefix(root) + relative;
}

/** Where a path under the root is on this machine. */
export function absoluteOf(root: Root, relative: string): string {
  return path.join(root.dir, relative);
}

/** The path under the root, `/` between its parts; empty for the root itself, null for what is outside. */
export function relativeOf(root: Root, absolute: string): string | null {
  const relative = path.relative(root.dir, absolute);
  if (relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) return null;
  return path.sep === '/' ? relative : relative.replaceAll(path.sep, '/');
}
