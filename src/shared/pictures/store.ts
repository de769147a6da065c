import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { removeAbandoned, writeWhole } from './atomic-write.js';
import { ImageNameError, ImageStoreError } from './store-error.js';

/** A kept picture. */
export interface StoredImage {
  /** SHA-256 of its bytes, hex. */
  readonly sha256: string;
  /** Under the image store, `/` between the parts: `ab/cd/<sha256>.<ext>`. */
  readonly file: string;
  readonly bytes: number;
}

/**
 * Pictures by content: one copy whatever the number of URLs, and a file never changes once it is there. Safe to use
 * from several processes at once. Every method throws ImageStoreError when the disk fails.
 */
export interface ImageStore {
  /** Absolute path of the folder that a record's `file` is under. */
  readonly folder: string;
  /** Whether this file is there. */
  has(file: string): Promise<boolean>;
  /** The bytes, or null where there is no such file. Throws ImageNameError for a name that is not the store's own. */
  read(file: string): Promise<Buffer | null>;
  /** Keeps the bytes; done when they are on the disk. `extension` without the dot, from `verifyPicture`. */
  put(bytes: Uint8Array, extension: string): Promise<StoredImage>;
}

const FILE_NAME = /^([0-9a-f]{2})\/([0-9a-f]{2})\/\1\2[0-9a-f]{60}\.[a-z0-9]{2,5}$/;
const EXTENSION = /^[a-z0-9]{2,5}$/;

/**
 * Opens the image store of a state folder: `<state folder>/images`. Makes it where it is missing.
 *
 * @throws ImageStoreError when the folder cannot be made
 */
export async function openImageStore(stateFolder: string): Promise<ImageStore> {
  const folder = path.resolve(stateFolder, 'images');
  const temporary = path.join(folder, 'tmp');
  await guarded('open', folder, async () => {
    await mkdir(temporary, { recursive: true });
    await removeAbandoned(temporary, Date.now());
  });

  const has = (file: string): Promise<boolean> =>
    guarded('look for', file, async () => (await sizeOf(absolute(folder, file))) !== undefined);

  return {
    folder,
    has,
    read: (file) => guarded('read', file, () => readIfThere(absolute(folder, file))),
    async put(bytes, extension) {
      if (!EXTENSION.test(extension)) throw new ImageNameError(extension);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const file = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.${extension}`;
      const target = absolute(folder, file);
      await guarded('write', file, async () => {
        // A file of another length is no work of ours: half of a copy from elsewhere. Mend it.
        if ((await sizeOf(target)) !== bytes.byteLength) await writeWhole(target, bytes, temporary);
      });
      return { sha256, file, bytes: bytes.byteLength };
    },
  };
}

/** Names come from records and so from outside: only the store's own form becomes a path. */
function absolute(folder: string, file: string): string {
  if (!FILE_NAME.test(file)) throw new ImageNameError(file);
  return path.join(folder, ...file.split('/'));
}

async function guarded<T>(action: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ImageNameError) throw error;
    throw new ImageStoreError(action, file, error);
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return orMissing(async () => (await stat(file)).size, undefined);
}

async function readIfThere(file: string): Promise<Buffer | null> {
  return orMissing(() => readFile(file), null);
}

async function orMissing<T, M>(work: () => Promise<T>, missing: M): Promise<T | M> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return missing;
    }
    throw error;
  }
}
