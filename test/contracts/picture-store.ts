import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openPictureStore,
  type PictureStore,
  type StoreLocation,
} from '../../src/shared/pictures/open-store.js';
import { prunePictures } from '../../src/shared/pictures/prune.js';
import { ImageNameError } from '../../src/shared/pictures/store-error.js';
import { thumbnailName } from '../../src/shared/pictures/store.js';
import type { IndexEntry } from '../../src/shared/pictures/url-index.js';

/** A place to keep pictures in that a test may change the clock of. */
export interface StoreUnderTest extends AsyncDisposable {
  /** A location that nobody has used yet; `age` makes all that is kept there so much older. */
  fresh(): Promise<{ readonly location: StoreLocation; readonly age: (ms: number) => Promise<void> }>;
}

const DAY_MS = 24 * 3600 * 1000;
const jpg = { extension: 'jpg', contentType: 'image/jpeg' };

/** What every place that pictures are kept in must do: run for each of them against the real thing. */
export function pictureStoreContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`pictures kept in ${name}`, () => {
    let place: StoreUnderTest;
    let kept: PictureStore;
    let location: StoreLocation;
    let age: (ms: number) => Promise<void>;
    beforeAll(async () => {
      place = await start();
    });
    afterAll(() => place[Symbol.asyncDispose]());
    beforeEach(async () => {
      ({ location, age } = await place.fresh());
      kept = await openPictureStore(location);
      return () => kept.close();
    });

    const put = (text: string) => kept.store.put(Buffer.from(text), jpg);
    const prune = (referenced: readonly string[], options: { dryRun?: boolean; batch?: number } = {}) =>
      prunePictures({
        store: kept.store,
        index: kept.index,
        unusedSince: Date.now() - 30 * DAY_MS,
        dryRun: false,
        referenced: async function* () {
          yield referenced;
        },
        ...options,
      });

    it('are named by their content and given back whole, also to whoever opens it later', async () => {
      const bytes = Buffer.from('a picture');
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const stored = await kept.store.put(bytes, jpg);
      const file = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.jpg`;
      expect(stored).toEqual({ sha256, file, bytes: bytes.length });
      const other = await openPictureStore(location);
      expect(await other.store.read(file)).toEqual(bytes);
      expect([await other.store.has(file), await other.store.claim(file)]).toEqual([true, true]);
      other.close();
    });

    it('are there once, however many put the same at once', async () => {
      await Promise.all(Array.from({ length: 10 }, () => put('the same')));
      const pages = [];
      for await (const page of kept.store.list()) pages.push(...page);
      expect(pages).toHaveLength(1);
    });

    it('that are not there are said to be missing', async () => {
      const file = `ab/cd/abcd${'0'.repeat(60)}.jpg`;
      expect(await kept.store.read(file)).toBeNull();
      expect([await kept.store.has(file), await kept.store.claim(file)]).toEqual([false, false]);
      expect(await kept.store.remove(file, Date.now())).toBe(true);
    });

    it.each(['../secret', 'ab/cd/../../x.jpg', ''])("have no name such as '%s'", async (file) => {
      await expect(kept.store.read(file)).rejects.toThrow(ImageNameError);
      await expect(kept.store.remove(file, 0)).rejects.toThrow(ImageNameError);
    });

    it('are known by their URL, also to whoever opens it later', async () => {
      const entry = entryOf('https://a.example/x.jpg?a=ä', await put('x'));
      await kept.index.put(entry);
      const other = await openPictureStore(location);
      expect(await other.index.get(entry.url)).toEqual(entry);
      expect(await other.index.get('https://a.example/other')).toBeNull();
      other.close();
    });

    it('are dropped when they are old and no record points at them, with thumbnails and index entries', async () => {
      const [used, unused] = [await put('used'), await put('unused')];
      for (const { sha256 } of [used, unused]) {
        await kept.store.putThumbnail(thumbnailName(sha256, 320), Buffer.from('thumbnail'));
      }
      await kept.index.put(entryOf('https://a.example/used', used));
      await kept.index.put(entryOf('https://a.example/unused', unused));
      await age(31 * DAY_MS);
      const young = await put('young');

      const counted = { pictures: 1, thumbnails: 1, bytes: 'unusedthumbnail'.length, entries: 1 };
      expect(await prune([used.file], { dryRun: true })).toEqual(counted);
      expect(await kept.store.has(unused.file)).toBe(true);
      expect(await prune([used.file], { batch: 1 })).toEqual(counted);
      expect(await kept.store.has(unused.file)).toBe(false);
      expect(await kept.store.has(thumbnailName(unused.sha256, 320))).toBe(false);
      expect(await kept.store.has(used.file)).toBe(true);
      expect(await kept.store.has(thumbnailName(used.sha256, 320))).toBe(true);
      expect(await kept.store.has(young.file)).toBe(true);
      expect(await kept.index.get('https://a.example/used')).not.toBeNull();
      expect(await kept.index.get('https://a.example/unused')).toBeNull();
      expect(await prune([used.file])).toEqual({ pictures: 0, thumbnails: 0, bytes: 0, entries: 0 });
    });

    it('stay when a record that is not committed yet is about to point at them', async () => {
      const [again, claimed] = [await put('put again'), await put('claimed')];
      await age(31 * DAY_MS);
      await put('put again');
      expect(await kept.store.claim(claimed.file)).toBe(true);
      expect(await prune([])).toMatchObject({ pictures: 0 });
      expect(await kept.store.read(again.file)).toEqual(Buffer.from('put again'));
      expect(await kept.store.read(claimed.file)).toEqual(Buffer.from('claimed'));
    });
  });
}

function entryOf(url: string, stored: { sha256: string; file: string; bytes: number }): IndexEntry {
  return { url, finalUrl: url, ...stored, contentType: 'image/jpeg', width: 3, height: 2, frames: 1 };
}
