import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAllowedHost } from '../../src/shared/fetch/allow-list.js';
import { createSafeFetch } from '../../src/shared/fetch/safe-fetch.js';
import {
  fetchPicture,
  fetchPictureOutcome,
  openPictures,
  type PictureDeps,
} from '../../src/shared/pictures/picture.js';
import { ImageStoreError } from '../../src/shared/pictures/store-error.js';
import { recordImageSchema } from '../../src/shared/record/schema.js';
import { startHost, type Answer, type TestHost } from '../fetch/misbehaving-host.js';
import { noise } from './samples.js';

let jpeg: Buffer;
let png: Buffer;
beforeAll(async () => {
  jpeg = await noise(640, 360).jpeg().toBuffer();
  png = await noise(300, 200).png().toBuffer();
});

interface Setup {
  readonly host: TestHost;
  readonly state: string;
  /** As after a restart: the same folder, nothing in memory. */
  readonly open: (reuseMs?: number, thumbnailWidth?: number) => Promise<PictureDeps>;
}

async function setUp(answers: Readonly<Record<string, Answer>>): Promise<Setup> {
  const host = await startHost(answers);
  const state = await mkdtemp(path.join(tmpdir(), 'galley-pictures-'));
  const fetch = createSafeFetch({
    userAgent: 'Galley/test',
    allowHosts: [parseAllowedHost(`127.0.0.1:${host.port}`)],
  });
  onTestFinished(async () => {
    await fetch.close();
    await host[Symbol.asyncDispose]();
    await rm(state, { recursive: true, force: true });
  });
  const open: Setup['open'] = (reuseMs = 60_000, thumbnailWidth) =>
    openPictures({ fetch, stateFolder: state, reuseMs, thumbnailWidth });
  return { host, state, open };
}

const good: Answer = (_q, r) => r.end(jpeg);

describe('a declared picture', () => {
  it('comes out verified, measured and kept, and what was declared otherwise stays beside it', async () => {
    const { host, open } = await setUp({ '/a.jpg': good });
    const deps = await open();
    const url = `${host.origin}/a.jpg`;
    const image = await fetchPicture({ declared: { url, width: 9, height: 9, title: 'A' }, deps });
    expect(image).toMatchObject({
      url,
      width: 640,
      height: 360,
      title: 'A',
      isCached: true,
      status: 'verified',
      declared: { width: 9, height: 9 },
      contentType: 'image/jpeg',
      bytes: jpeg.length,
      frames: 1,
    });
    expect(recordImageSchema.safeParse(image).success).toBe(true);
    expect(await deps.store.read(image.file ?? '')).toEqual(jpeg);
  });

  it('keeps no declared size that is right', async () => {
    const { host, open } = await setUp({ '/a.jpg': good });
    const declared = { url: `${host.origin}/a.jpg`, width: 640, height: 360 };
    expect(await fetchPicture({ declared, deps: await open() })).not.toHaveProperty('declared');
  });

  it("is resolved against the article's URL when it is site-relative", async () => {
    const { host, open } = await setUp({ '/assets/a.jpg': good });
    const baseUrl = `${host.origin}/news/today.html`;
    const image = await fetchPicture({ declared: { url: '/assets/a.jpg' }, baseUrl, deps: await open() });
    expect(image).toMatchObject({ url: '/assets/a.jpg', status: 'verified' });
  });

  const failures: readonly (readonly [path: string, answer: Answer | undefined, reason: string])[] = [
    ['cut.jpg', (_q, r) => r.end(jpeg.subarray(0, jpeg.length / 3)), 'truncated'],
    [
      'lie.jpg',
      (_q, r) => r.writeHead(200, { 'content-length': 500 }).end(jpeg.subarray(0, 500)),
      'truncated',
    ],
    [
      'page.png',
      (_q, r) => r.writeHead(200, { 'content-type': 'image/png' }).end('<html>no</html>'),
      'not-an-image',
    ],
    ['gone.jpg', undefined, 'status-4xx'],
    ['down.jpg', (_q, r) => r.writeHead(500).end(), 'status-5xx'],
    [
      'away.jpg',
      (_q, r) => r.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'refused-address',
    ],
  ];
  it.each(failures)('that is bad fails with its reason and is not kept: %s', async (name, answer, reason) => {
    const { host, state, open } = await setUp(answer === undefined ? {} : { [`/${name}`]: answer });
    const declared = {
      url: `${host.origin}/${name}`,
      width: 9,
      height: 9,
      sha256: 'mine',
      file: '../../x',
      isCached: true,
    };
    const image = await fetchPicture({ declared, deps: await open() });
    expect(image).toEqual({
      url: declared.url,
      width: 9,
      height: 9,
      isCached: false,
      status: 'failed',
      reason,
    });
    expect(await readdir(path.join(state, 'images'))).toEqual(['tmp']);
  });

  it.each(['', '/a.jpg', 'javascript:alert(1)', 'http://'])(
    "with a URL that is none is 'bad-url': '%s'",
    async (url) => {
      const { open } = await setUp({});
      expect(await fetchPicture({ declared: { url }, deps: await open() })).toMatchObject({
        reason: 'bad-url',
      });
    },
  );

  it('whose type its host lies about is verified as what it is', async () => {
    const { host, open } = await setUp({
      '/a.jpg': (_q, r) => r.writeHead(200, { 'content-type': 'image/jpeg' }).end(png),
    });
    const image = await fetchPicture({ declared: { url: `${host.origin}/a.jpg` }, deps: await open() });
    expect(image).toMatchObject({ status: 'verified', contentType: 'image/png', width: 300, height: 200 });
  });

  it('says whether and when it may succeed later', async () => {
    const { host, open } = await setUp({ '/a': (_q, r) => r.writeHead(429, { 'retry-after': '9' }).end() });
    const outcome = await fetchPictureOutcome({ declared: { url: `${host.origin}/a` }, deps: await open() });
    expect(outcome).toMatchObject({ retryable: true, retryAfterMs: 9000, detail: 'status 429' });
  });

  it('throws a retryable error when it cannot be kept', async () => {
    const { host, state, open } = await setUp({ '/a.jpg': good });
    const deps = await open();
    await rm(path.join(state, 'images'), { recursive: true });
    const { writeFile } = await import('node:fs/promises');
    await writeFile(path.join(state, 'images'), 'in the way');
    await expect(fetchPicture({ declared: { url: `${host.origin}/a.jpg` }, deps })).rejects.toThrow(
      ImageStoreError,
    );
  });
});

describe('the same picture again', () => {
  it('is downloaded once, however many articles point at it', async () => {
    const { host, state, open } = await setUp({ '*': good });
    const deps = await open();
    const urls = Array.from({ length: 2000 }, (_, i) => `${host.origin}/${i % 50}.jpg#part${i}`);
    const pictures = await Promise.all(urls.map((url) => fetchPicture({ declared: { url }, deps })));
    expect(pictures.every(({ status }) => status === 'verified')).toBe(true);
    expect(host.count()).toBe(50);
    await fetchPicture({ declared: { url: `${host.origin}/7.jpg` }, deps });
    expect(host.count()).toBe(50);
    const kept = await readdir(path.join(state, 'images'), { recursive: true });
    expect(kept.filter((name) => name.endsWith('.jpg'))).toHaveLength(1);
  });

  it('costs no body when its host says that it has not changed', async () => {
    const { host, open } = await setUp({
      '/a.jpg': (q, r) => {
        if (q.headers['if-none-match'] === '"1"') r.writeHead(304).end();
        else r.writeHead(200, { etag: '"1"' }).end(jpeg);
      },
    });
    const declared = { url: `${host.origin}/a.jpg` };
    const first = await fetchPicture({ declared, deps: await open() });
    const again = await fetchPicture({ declared, deps: await open() });
    expect(again).toEqual(first);
    expect(host.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
  });

  it('is taken anew when it changed, or when its file is gone', async () => {
    let now = jpeg;
    const { host, state, open } = await setUp({
      '/a': (q, r) => {
        const etag = `"${now.length}"`;
        if (q.headers['if-none-match'] === etag) r.writeHead(304).end();
        else r.writeHead(200, { etag }).end(now);
      },
    });
    const declared = { url: `${host.origin}/a` };
    const deps = await open(0);
    await fetchPicture({ declared, deps });
    now = png;
    expect(await fetchPicture({ declared, deps })).toMatchObject({ contentType: 'image/png', width: 300 });
    await rm(path.join(state, 'images'), { recursive: true });
    const image = await fetchPicture({ declared, deps: await open() });
    expect(await deps.store.read(image.file ?? '')).toEqual(png);
  });

  it('that failed is asked for again', async () => {
    let works = false;
    const { host, open } = await setUp({ '/a': (_q, r) => (works ? r.end(jpeg) : r.writeHead(503).end()) });
    const deps = await open();
    const declared = { url: `${host.origin}/a` };
    expect(await fetchPicture({ declared, deps })).toMatchObject({ status: 'failed' });
    works = true;
    expect(await fetchPicture({ declared, deps })).toMatchObject({ status: 'verified' });
  });

  it('goes on for others when one caller leaves', async () => {
    let release: (() => void) | undefined;
    const { host, open } = await setUp({ '/a': (_q, r) => (release = () => r.end(jpeg)) });
    const deps = await open();
    const declared = { url: `${host.origin}/a` };
    const controller = new AbortController();
    const leaving = fetchPicture({ declared, deps, signal: controller.signal });
    const left = leaving.catch((error: unknown) => error);
    const staying = fetchPicture({ declared, deps });
    await expect.poll(() => release).toBeDefined();
    controller.abort(new Error('leaving'));
    expect(await left).toEqual(new Error('leaving'));
    release?.();
    expect(await staying).toMatchObject({ status: 'verified' });
    expect(host.count()).toBe(1);
  });
});

describe('a thumbnail', () => {
  const thumbnailed = async (answer: Answer, width = 100) => {
    const { host, open } = await setUp({ '/a': answer });
    const deps = await open(60_000, width);
    const image = await fetchPicture({ declared: { url: `${host.origin}/a` }, deps });
    const bytes = image.thumbnail === undefined ? null : await deps.store.read(image.thumbnail);
    return { image, size: bytes === null ? null : await sharp(bytes).metadata() };
  };

  it('is a WebP of the width that was asked for, beside its picture', async () => {
    const { image, size } = await thumbnailed(good);
    expect(image.thumbnail).toBe(image.file?.replace('.jpg', '-100.webp'));
    expect(size).toMatchObject({ format: 'webp', width: 100, height: 56 });
  });

  it('is turned as its picture is shown, and says nothing of where that was taken', async () => {
    const turned = await noise(400, 300)
      .withExif({ IFD0: { Artist: 'A' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { size } = await thumbnailed((_q, r) => r.end(turned));
    expect(size).toMatchObject({ width: 100, height: 133 });
    expect(size).not.toHaveProperty('exif');
  });

  it('is not larger than its picture, nor than WebP can be', async () => {
    expect((await thumbnailed(good, 4096)).size).toMatchObject({ width: 640, height: 360 });
    const strip = await noise(30, 20_000).png().toBuffer();
    expect((await thumbnailed((_q, r) => r.end(strip), 30)).size).toMatchObject({ height: 16_383 });
  });

  it('is not made of an SVG, which is never rendered, nor of a bad picture, nor when nobody asked', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"></svg>';
    for (const answer of [
      (_q, r) => r.end(svg),
      (_q, r) => r.end(jpeg.subarray(0, 5000)),
    ] satisfies Answer[]) {
      expect((await thumbnailed(answer)).image).not.toHaveProperty('thumbnail');
    }
    const { host, state, open } = await setUp({ '/a.jpg': good });
    const declared = { url: `${host.origin}/a.jpg`, thumbnail: '../../mine' };
    await fetchPicture({ declared, deps: await open() });
    const kept = await readdir(path.join(state, 'images'), { recursive: true });
    expect(kept.filter((name) => name.endsWith('.webp'))).toEqual([]);
  });

  it('is made of a picture that was kept before anybody asked, without a body', async () => {
    const { host, open } = await setUp({
      '/a.jpg': (q, r) => {
        if (q.headers['if-none-match'] === '"1"') r.writeHead(304).end();
        else r.writeHead(200, { etag: '"1"' }).end(jpeg);
      },
    });
    const declared = { url: `${host.origin}/a.jpg` };
    await fetchPicture({ declared, deps: await open() });
    const deps = await open(60_000, 100);
    const image = await fetchPicture({ declared, deps });
    expect(await deps.store.has(image.thumbnail ?? '')).toBe(true);
    expect(host.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
  });
});
