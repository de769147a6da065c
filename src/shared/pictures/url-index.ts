import { hash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { openFolderObjects } from './folder-objects.js';
import type { ObjectInfo, ObjectStore } from './objects.js';

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
 * entry that is missing, broken or of another version costs one fetch. Throws ImageStoreError when the disk or the
 * server fails.
 */
export interface UrlIndex {
  get(url: string): Promise<IndexEntry | null>;
  put(entry: IndexEntry): Promise<void>;
  /** Entries that were put before this moment (epoch ms), in no order, in pages. Null stands for a broken one. */
  listBefore(time: number): AsyncIterable<readonly Listed[]>;
  /** Removes an entry that was not put again since this moment. True when it is gone. */
  remove(key: string, unlessSince: number): Promise<boolean>;
}

export interface Listed {
  /** Names the entry for `remove`. */
  readonly key: string;
  readonly entry: IndexEntry | null;
}

/** An entry has about 1 KB; a larger file is not ours. */
const MAX_ENTRY_BYTES = 64 * 1024;
/** Read at once when all are looked at. */
const ENTRIES_AT_ONCE = 8;
const ENTRY_NAME = /^[0-9a-f]{2}\/[0-9a-f]{64}\.json$/;

/**
 * Opens the index beside the image store: `<state folder>/image-index`, one small file a URL. They are not synced: what
 * a power cut breaks counts as missing.
 *
 * @throws ImageStoreError when the folder cannot be made
 */
export async function openUrlIndex(stateFolder: string): Promise<UrlIndex> {
  return createUrlIndex(
    await openFolderObjects(path.resolve(stateFolder, 'image-index'), { durable: false }),
  );
}

/** Makes the index that keeps its entries in `objects`. */
export function createUrlIndex(objects: ObjectStore): UrlIndex {
  const read = async (key: string): Promise<IndexEntry | null> => {
    const bytes = await objects.read(key, MAX_ENTRY_BYTES);
    return bytes === null ? null : parse(bytes.toString('utf8'));
  };
  return {
    async get(url) {
      const entry = await read(keyOf(url)).catch(() => null);
      return entry?.url === url ? entry : null;
    },
    async put(entry) {
      const bytes = Buffer.from(JSON.stringify(indexEntrySchema.parse(entry)));
      if (bytes.length <= MAX_ENTRY_BYTES) await objects.write(keyOf(entry.url), bytes, 'application/json');
    },
    async *listBefore(time) {
      for await (const page of objects.list()) {
        const old = page.filter(({ key, modifiedAt }) => ENTRY_NAME.test(key) && modifiedAt < time);
        yield await inTurns(old, async ({ key }) => ({ key, entry: await read(key) }));
      }
    },
    remove: (key, unlessSince) => objects.remove(key, unlessSince),
  };
}

function keyOf(url: string): string {
  const sha256 = hash('sha256', url, 'hex');
  return `${sha256.slice(0, 2)}/${sha256}.json`;
}

async function inTurns(
  infos: readonly ObjectInfo[],
  work: (info: ObjectInfo) => Promise<Listed>,
): Promise<Listed[]> {
  const results: Listed[] = [];
  for (let at = 0; at < infos.length; at += ENTRIES_AT_ONCE) {
    results.push(...(await Promise.all(infos.slice(at, at + ENTRIES_AT_ONCE).map(work))));
  }
  return results;
}

function parse(text: string): IndexEntry | null {
  try {
    return indexEntrySchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
