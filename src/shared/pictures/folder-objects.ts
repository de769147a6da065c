import { mkdir, opendir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { removeAbandoned, writeWhole } from './atomic-write.js';
import type { ObjectInfo, ObjectStore } from './objects.js';
import { ImageStoreError } from './store-error.js';

export interface FolderOptions {
  /**
   * Whether what was written outlives a power cut. Costs a sync of each file; a cache, whose broken entries count as
   * none, does without.
   */
  readonly durable: boolean;
}

const PAGE = 1000;
const TEMPORARY = 'tmp';

/**
 * Opens a folder as a place to keep pictures in; one object is one file. Makes the folder where it is missing.
 *
 * @throws ImageStoreError when it cannot be made
 */
export async function openFolderObjects(folder: string, { durable }: FolderOptions): Promise<ObjectStore> {
  const temporary = path.join(folder, TEMPORARY);
  const absolute = (key: string): string => path.join(folder, ...key.split('/'));
  await guarded('open', folder, async () => {
    await mkdir(temporary, { recursive: true });
    await removeAbandoned(temporary, Date.now());
  });
  return {
    location: folder,
    info: (key) => guarded('look for', key, () => infoOf(key, absolute(key))),
    read: (key, maxBytes) => guarded('read', key, () => readBounded(absolute(key), maxBytes)),
    write: (key, bytes) => guarded('write', key, () => writeWhole(absolute(key), bytes, temporary, durable)),
    touch: (key) =>
      guarded('touch', key, () => {
        const now = new Date();
        return ifThere(async () => {
          await utimes(absolute(key), now, now);
          return true;
        }, false);
      }),
    async *list() {
      try {
        yield* pagesOf(folder);
      } catch (error) {
        throw new ImageStoreError('list', folder, error);
      }
    },
    remove: (key, unlessSince) =>
      guarded('remove', key, () =>
        removeUnused(absolute(key), path.join(temporary, randomUUID()), unlessSince),
      ),
  };
}

async function guarded<T>(action: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ImageStoreError(action, key, error);
  }
}

async function infoOf(key: string, file: string): Promise<ObjectInfo | null> {
  return ifThere(async () => {
    const { size, mtimeMs } = await stat(file);
    return { key, bytes: size, modifiedAt: mtimeMs };
  }, null);
}

async function readBounded(file: string, maxBytes?: number): Promise<Buffer | null> {
  return ifThere(async () => {
    if (maxBytes === undefined) return readFile(file);
    const handle = await open(file, 'r');
    try {
      return (await handle.stat()).size > maxBytes ? null : await handle.readFile();
    } finally {
      await handle.close();
    }
  }, null);
}

/** Two levels of folders with short names, then the files; what stands elsewhere is none of ours. */
async function* pagesOf(folder: string): AsyncGenerator<ObjectInfo[]> {
  let page: ObjectInfo[] = [];
  for await (const key of keysUnder(folder, '')) {
    const info = await infoOf(key, path.join(folder, ...key.split('/')));
    if (info !== null) page.push(info);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* keysUnder(folder: string, prefix: string): AsyncGenerator<string> {
  for await (const entry of await opendir(path.join(folder, prefix))) {
    const key = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory() && key !== TEMPORARY) yield* keysUnder(folder, key);
    else if (entry.isFile()) yield key;
  }
}

/**
 * Takes the file away before looking at its time: whoever touches it then finds it missing, and fetches anew. One that
 * was touched just before is put back.
 */
async function removeUnused(file: string, aside: string, unlessSince: number): Promise<boolean> {
  return ifThere(async () => {
    if ((await stat(file)).mtimeMs >= unlessSince) return false;
    await rename(file, aside);
    if ((await stat(aside)).mtimeMs >= unlessSince) {
      await rename(aside, file);
      return false;
    }
    await rm(aside, { force: true });
    return true;
  }, true);
}

async function ifThere<T, M>(work: () => Promise<T>, missing: M): Promise<T | M> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return missing;
    }
    throw error;
  }
}
