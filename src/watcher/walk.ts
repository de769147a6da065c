import { opendir } from 'node:fs/promises';
import type { Dir } from 'node:fs';
import { errorCode, lookAt } from './file-look.js';
import { isArticleName, isContentFolder, mayBeMangled } from './file-names.js';
import type { Log } from './ports.js';
import { absoluteOf, type Root } from './root.js';
import { SeenFiles } from './seen-files.js';

/** Looks that are under way at the same time: more gains nothing, the system has four threads for them. */
const LOOKS_AT_ONCE = 256;

/** What stands in one folder. Paths are under the root. */
export interface FolderEntries {
  readonly files: string[];
  readonly folders: string[];
}

/**
 * Reads one folder, without looking at its files and without following links, and hands on what is in it in
 * portions, so that a folder of 100,000 files is never held as a whole.
 * Answers false when the folder is not there or may not be read.
 */
export async function listFolder(
  root: Root,
  folder: string,
  extensions: readonly string[],
  onPortion: (entries: FolderEntries) => Promise<void> | void,
): Promise<{ readonly code: string } | null> {
  let dir: Dir;
  try {
    dir = await opendir(absoluteOf(root, folder), { bufferSize: LOOKS_AT_ONCE });
  } catch (error) {
    return { code: errorCode(error) };
  }
  let portion: FolderEntries = { files: [], folders: [] };
  try {
    for await (const entry of dir) {
      const name = entry.name;
      const path = folder === '' ? name : `${folder}/${name}`;
      if (entry.isDirectory()) {
        if (isContentFolder(name)) portion.folders.push(path);
      } else if (!entry.isSymbolicLink() && isArticleName(name, extensions)) {
        portion.files.push(path);
      }
      if (portion.files.length + portion.folders.length < LOOKS_AT_ONCE) continue;
      await onPortion(portion);
      portion = { files: [], folders: [] };
    }
  } catch (error) {
    return { code: errorCode(error) };
  }
  await onPortion(portion);
  return null;
}

/**
 * Walks the tree under a root and notes each article file with its look. Symbolic links, dot files and dot folders
 * are left out; folders that cannot be read and names that are not UTF-8 are warned of.
 * Answers null when the root itself is not there.
 * @throws the signal's reason when it is aborted.
 */
export async function walk(
  root: Root,
  extensions: readonly string[],
  log: Log,
  signal: AbortSignal,
): Promise<SeenFiles | null> {
  const seen = new SeenFiles();
  if (root.only !== undefined) {
    await noteFiles(root, [root.only], seen);
    return seen;
  }
  const waiting = [''];
  const mangled: string[] = [];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const failed = await listFolder(root, folder, extensions, async (entries) => {
      signal.throwIfAborted();
      waiting.push(...entries.folders);
      mangled.push(...(await noteFiles(root, entries.files, seen)));
    });
    signal.throwIfAborted();
    if (failed !== null && folder === '' && failed.code !== 'EACCES') return null;
    if (failed !== null && failed.code !== 'ENOENT') {
      log.warn({ folder: absoluteOf(root, folder), code: failed.code }, 'a folder cannot be read');
    }
  }
  if (mangled.length > 0) {
    log.warn(
      { count: mangled.length, example: mangled[0] },
      'files are skipped whose names are not valid UTF-8; rename them',
    );
  }
  return seen;
}

/** Looks at files and notes those that are there; answers those that are not because their names are mangled. */
async function noteFiles(root: Root, files: readonly string[], seen: SeenFiles): Promise<string[]> {
  const looks = await Promise.all(files.map((file) => lookAt(absoluteOf(root, file))));
  const mangled: string[] = [];
  for (const [index, file] of files.entries()) {
    const look = looks[index];
    if (look?.kind === 'file') seen.add(file, look.look);
    else if (look?.kind === 'absent' && mayBeMangled(file)) mangled.push(file);
  }
  return mangled;
}
