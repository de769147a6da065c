import { hash } from 'node:crypto';
import path from 'node:path';
import { openFolderObjects } from './folder-objects.js';
import type { ObjectInfo, ObjectStore } from './objects.js';
import { ImageNameError } from './store-error.js';

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
 * from several processes at once. Every method throws ImageStoreError when the disk or the server fails, and
 * ImageNameError for a name that is not the store's own.
 */
export interface ImageStore {
  /** What a record's `file` is under: the absolute path of a folder, or `s3://bucket/prefix`. */
  readonly location: string;
  /** Whether this file is there. */
  has(file: string): Promise<boolean>;
  /** Whether this file is there, for a record that is about to point at it: `prune` then takes it for new. */
  claim(file: string): Promise<boolean>;
  /** The bytes, or null where there is no such file. */
  read(file: string): Promise<Buffer | null>;
  /** Keeps the bytes; done when they are on the disk. `format` from `verifyPicture`. */
  put(bytes: Uint8Array, format: StoredFormat): Promise<StoredImage>;
  /** Keeps a thumbnail under the name that `thumbnailName` gave it. */
  putThumbnail(file: string, bytes: Uint8Array): Promise<void>;
  /** All files, thumbnails too, in no order, in pages. */
  list(): AsyncIterable<readonly ObjectInfo[]>;
  /** Removes a file that was not put or claimed since this moment (epoch ms). True when it is gone. */
  remove(file: string, unlessSince: number): Promise<boolean>;
}

export interface StoredFormat {
  /** Without the dot. */
  readonly extension: string;
  readonly contentType: string;
}

const FILE_NAME = /^([0-9a-f]{2})\/([0-9a-f]{2})\/(\1\2[0-9a-f]{60})(?:-\d{1,5})?\.[a-z0-9]{2,5}$/;
const EXTENSION = /^[a-z0-9]{2,5}$/;
/** A file used again within this time of its last use is not touched again: `prune` counts in days. */
const TOUCH_EVERY_MS = 60 * 60 * 1000;

/**
 * Opens the image store of a state folder: `<state folder>/images`. Makes it where it is missing.
 *
 * @throws ImageStoreError when the folder cannot be made
 */
export async function openImageStore(stateFolder: string): Promise<ImageStore> {
  return createImageStore(await openFolderObjects(path.resolve(stateFolder, 'images'), { durable: true }));
}

/** Makes the image store that keeps its files in `objects`. */
export function createImageStore(objects: ObjectStore): ImageStore {
  const claimed = async (file: string, bytes?: number): Promise<boolean> => {
    const info = await objects.info(checked(file));
    // A file of another length is no work of ours: half of a copy from elsewhere. Mend it.
    if (info === null || (bytes !== undefined && info.bytes !== bytes)) return false;
    return Date.now() - info.modifiedAt < TOUCH_EVERY_MS || objects.touch(file);
  };
  return {
    location: objects.location,
    has: async (file) => (await objects.info(checked(file))) !== null,
    claim: (file) => claimed(file),
    read: async (file) => objects.read(checked(file)),
    async put(bytes, { extension, contentType }) {
      if (!EXTENSION.test(extension)) throw new ImageNameError(extension);
      const sha256 = hash('sha256', bytes, 'hex');
      const file = `${folderOf(sha256)}/${sha256}.${extension}`;
      if (!(await claimed(file, bytes.byteLength))) await objects.write(file, bytes, contentType);
      return { sha256, file, bytes: bytes.byteLength };
    },
    putThumbnail: async (file, bytes) => objects.write(checked(file), bytes, 'image/webp'),
    async *list() {
      for await (const page of objects.list()) yield page.filter(({ key }) => FILE_NAME.test(key));
    },
    remove: async (file, unlessSince) => objects.remove(checked(file), unlessSince),
  };
}

/** The name of a picture's WebP thumbnail: beside the picture, by the picture's content and the width in pixels. */
export function thumbnailName(sha256: string, width: number): string {
  return `${folderOf(sha256)}/${sha256}-${width}.webp`;
}

/**
 * The SHA-256 of the picture that a file of the store is, or is a thumbnail of.
 *
 * @throws ImageNameError for a name that is not the store's own
 */
export function pictureOf(file: string): string {
  const sha256 = FILE_NAME.exec(file)?.[3];
  if (sha256 === undefined) throw new ImageNameError(file);
  return sha256;
}

function folderOf(sha256: string): string {
  return `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}`;
}

/** Names come from records and so from outside: only the store's own form becomes a path. */
function checked(file: string): string {
  pictureOf(file);
  return file;
}
