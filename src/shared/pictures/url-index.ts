import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { removeAbandoned, writeWhole } from './atomic-write.js';
import { ImageStoreError } from './store-error.js';

/** What the last good fetch of a URL found. */
export const indexEntrySchema = z.object({
  url: z.string(),
  /** The URL that answered, after redirects: validators are sent to it alone. */
  finalUrl: z.string(),
  etag: z.string().max(1024).optional(),
  lastModified: z.string().max(1024).optional(),
  sha256: z.string(),
  file: z.string(),
  bytes: z.number().int().nonnegative(),
  contentType: z.string(),
  width: z.number().int().positive().optional(),
  height: z.number().int().positive().optional(),
  frames: z.number().int().positive(),
  color: z.string().optional(),
  placeholder: z.string().optional(),
});
export type IndexEntry = z.infer<typeof indexEntrySchema>;

/**
 * What is known of pictures by their URL, so that a later fetch need only ask whether anything changed. A cache: an
 * entry that is missing, broken or of another version costs one fetch.
 */
export interface UrlIndex {
  get(url: string): Promise<IndexEntry | null>;
  /** Throws ImageStoreError when the disk fails. */
  put(entry: IndexEntry): Promise<void>;
}

/** An entry has about 1 KB; a larger file is not ours. */
const MAX_ENTRY_BYTES = 64 * 1024;

/**
 * Opens the index beside the image store: `<state folder>/image-index`, one small file a URL.
 *
 * @throws ImageStoreError when the folder cannot be made
 */
export async function openUrlIndex(stateFolder: string): Promise<UrlIndex> {
  const folder = path.resolve(stateFolder, 'image-index');
  const temporary = path.join(folder, 'tmp');
  try {
    await mkdir(temporary, { recursive: true });
    await removeAbandoned(temporary, Date.now());
  } catch (error) {
    throw new ImageStoreError('open', folder, error);
  }
  const fileOf = (url: string): string => {
    const hash = createHash('sha256').update(url).digest('hex');
    return path.join(folder, hash.slice(0, 2), `${hash}.json`);
  };
  return {
    async get(url) {
      const text = await readBounded(fileOf(url)).catch(() => null);
      const entry = text === null ? undefined : parse(text);
      return entry?.url === url ? entry : null;
    },
    async put(entry) {
      const bytes = Buffer.from(JSON.stringify(indexEntrySchema.parse(entry)));
      if (bytes.length > MAX_ENTRY_BYTES) return;
      try {
        await writeWhole(fileOf(entry.url), bytes, temporary);
      } catch (error) {
        throw new ImageStoreError('note', entry.url, error);
      }
    },
  };
}

async function readBounded(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(MAX_ENTRY_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, MAX_ENTRY_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function parse(text: string): IndexEntry | undefined {
  try {
    return indexEntrySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
