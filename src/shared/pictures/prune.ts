import { pictureOf, type ImageStore } from './store.js';
import type { UrlIndex } from './url-index.js';

export interface PruneOptions {
  readonly store: ImageStore;
  readonly index: UrlIndex;
  /** The files that stored records point at, in pages; gone through again for each batch of candidates. */
  readonly referenced: () => AsyncIterable<readonly string[]>;
  /** Only what was neither put nor used since this moment (epoch ms) is dropped. */
  readonly unusedSince: number;
  /** Counts, and drops nothing. */
  readonly dryRun: boolean;
  /** Pictures held in memory at once; each costs about 200 bytes. */
  readonly batch?: number;
}

export interface Pruned {
  readonly pictures: number;
  readonly thumbnails: number;
  /** Of both. */
  readonly bytes: number;
  /** Entries of the index whose picture is gone. */
  readonly entries: number;
}

interface Candidate {
  readonly file: string;
  readonly bytes: number;
}

const BATCH = 50_000;

/**
 * Drops pictures and thumbnails that no record points at and that nobody put or used for a while, then the entries of
 * the index whose picture is gone.
 *
 * Safe beside a pipeline that runs: a record that is about to point at a picture has just put or claimed it, which makes
 * it new; and the records are read after the candidates were noted.
 *
 * @throws ImageStoreError, and what reading the records throws; what was dropped until then stays dropped
 */
export async function prunePictures(options: PruneOptions): Promise<Pruned> {
  const total = { pictures: 0, thumbnails: 0, bytes: 0, entries: 0 };
  const dropped = new Set<string>();
  for await (const candidates of batchesOf(options)) {
    for await (const files of options.referenced()) {
      for (const file of files) candidates.delete(pictureOf(file));
    }
    for (const [picture, files] of candidates) {
      for (const file of files) await drop(file, picture, options, total);
      if (options.dryRun) dropped.add(picture);
    }
  }
  total.entries = await pruneIndex(options, dropped);
  return total;
}

/** Old files by the picture that they are, or are a thumbnail of. */
async function* batchesOf({
  store,
  unusedSince,
  batch = BATCH,
}: PruneOptions): AsyncGenerator<Map<string, Candidate[]>> {
  let candidates = new Map<string, Candidate[]>();
  for await (const page of store.list()) {
    for (const { key, bytes, modifiedAt } of page) {
      if (modifiedAt >= unusedSince) continue;
      const picture = pictureOf(key);
      candidates.set(picture, [...(candidates.get(picture) ?? []), { file: key, bytes }]);
    }
    if (candidates.size < batch) continue;
    yield candidates;
    candidates = new Map();
  }
  if (candidates.size > 0) yield candidates;
}

async function drop(
  { file, bytes }: Candidate,
  picture: string,
  { store, unusedSince, dryRun }: PruneOptions,
  total: { pictures: number; thumbnails: number; bytes: number },
): Promise<void> {
  if (!dryRun && !(await store.remove(file, unusedSince))) return;
  if (file.includes(`${picture}-`)) total.thumbnails++;
  else total.pictures++;
  total.bytes += bytes;
}

/** An entry is as old as its picture or older, so the younger ones need not be read. Broken ones go, too. */
async function pruneIndex(
  { store, index, unusedSince, dryRun }: PruneOptions,
  dropped: ReadonlySet<string>,
): Promise<number> {
  let count = 0;
  for await (const page of index.listBefore(unusedSince)) {
    for (const { key, entry } of page) {
      const isThere = entry !== null && !dropped.has(entry.sha256) && (await store.has(entry.file));
      if (!isThere && (dryRun || (await index.remove(key, unusedSince)))) count++;
    }
  }
  return count;
}
