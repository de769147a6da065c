import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ImageNameError, ImageStoreError } from '../../src/shared/pictures/store-error.js';
import { openImageStore } from '../../src/shared/pictures/store.js';
import { openUrlIndex, type IndexEntry } from '../../src/shared/pictures/url-index.js';

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'galley-store-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function filesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const bytes = Buffer.from('a picture');
const jpg = { extension: 'jpg', contentType: 'image/jpeg' };
const png = { extension: 'png', contentType: 'image/png' };
const sha256 = createHash('sha256').update(bytes).digest('hex');

describe('the image store', () => {
  it('keeps a picture under its content, and gives it back', async () => {
    const state = await folder();
    const store = await openImageStore(state);
    const stored = await store.put(bytes, jpg);
    const file = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.jpg`;
    expect(stored).toEqual({ sha256, file, bytes: bytes.length });
    expect(await readFile(path.join(state, 'images', file))).toEqual(bytes);
    expect(await store.has(file)).toBe(true);
    expect(await store.read(file)).toEqual(bytes);
  });

  it('keeps one copy, also when many put the same at once, and leaves nothing beside it', async () => {
    const state = await folder();
    const [one, other] = [await openImageStore(state), await openImageStore(state)];
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).put(bytes, png)));
    expect(await filesUnder(state)).toEqual([`${sha256}.png`]);
  });

  it('does not write again what is there, and mends what is not whole', async () => {
    const store = await openImageStore(await folder());
    const { file } = await store.put(bytes, jpg);
    const target = path.join(store.location, file);
    const before = (await stat(target)).ino;
    await store.put(bytes, jpg);
    expect((await stat(target)).ino).toBe(before);
    await truncate(target, 3);
    await store.put(bytes, jpg);
    expect(await store.read(file)).toEqual(bytes);
  });

  it('answers null for what is not there', async () => {
    const store = await openImageStore(await folder());
    const file = `ab/cd/abcd${'0'.repeat(60)}.jpg`;
    expect(await store.read(file)).toBeNull();
    expect(await store.has(file)).toBe(false);
  });

  it.each(['../secret', '/etc/passwd', 'ab/cd/../../x.jpg', `ab/ce/abcd${'0'.repeat(60)}.jpg`, ''])(
    "refuses a name that is not its own: '%s'",
    async (file) => {
      const store = await openImageStore(await folder());
      await expect(store.read(file)).rejects.toThrow(ImageNameError);
      await expect(store.put(bytes, { ...jpg, extension: `jpg/${file}` })).rejects.toThrow(ImageNameError);
    },
  );

  it('says what failed and that it may be tried again when the disk does', async () => {
    const state = await folder();
    const store = await openImageStore(state);
    await rm(store.location, { recursive: true });
    await writeFile(store.location, 'a file in its place');
    const failure = await store.put(bytes, jpg).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageStoreError);
    expect(failure).toMatchObject({ retryable: true, code: 'GALLEY_IMAGE_STORE' });
  });

  it('removes what a crash left half written, not what is being written', async () => {
    const state = await folder();
    const { location: images } = await openImageStore(state);
    const [old, young] = ['old.tmp', 'young.tmp'].map((name) => path.join(images, 'tmp', name));
    await Promise.all([writeFile(old ?? '', 'x'), writeFile(young ?? '', 'x')]);
    await utimes(old ?? '', 1, 1);
    await openImageStore(state);
    expect(await filesUnder(images)).toEqual(['young.tmp']);
  });
});

describe('the index by URL', () => {
  const entry: IndexEntry = {
    url: 'https://a.example/x.jpg',
    finalUrl: 'https://a.example/y.jpg',
    etag: '"1"',
    sha256,
    file: `ab/cd/${sha256}.jpg`,
    bytes: 9,
    contentType: 'image/jpeg',
    width: 3,
    height: 2,
    frames: 1,
  };

  it('gives back what was noted, also after it is opened again', async () => {
    const state = await folder();
    await (await openUrlIndex(state)).put(entry);
    const index = await openUrlIndex(state);
    expect(await index.get(entry.url)).toEqual(entry);
    expect(await index.get('https://a.example/other')).toBeNull();
  });

  it.each(['', '{', '[]', '{"url":1}', 'x'.repeat(100_000)])(
    'takes a broken entry for none: %.10s',
    async (text) => {
      const state = await folder();
      const index = await openUrlIndex(state);
      await index.put(entry);
      const [name = ''] = await filesUnder(path.join(state, 'image-index'));
      await writeFile(path.join(state, 'image-index', name.slice(0, 2), name), text);
      expect(await index.get(entry.url)).toBeNull();
      await index.put(entry);
      expect(await index.get(entry.url)).toEqual(entry);
    },
  );
});
