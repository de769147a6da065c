import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { article, imageLines } from './articles.js';
import { BACKENDS, PATIENT, useBackend } from './backends.js';

let server: Server;
let host = '';

beforeAll(async () => {
  const picture = (width: number, height: number) =>
    sharp({
      create: {
        width,
        height,
        channels: 3,
        background: '#c33',
        noise: { type: 'gaussian', mean: 120, sigma: 30 },
      },
    });
  const jpeg = await picture(320, 180).jpeg().toBuffer();
  const png = await picture(60, 40).png().toBuffer();
  const answers = new Map<string, { status: number; body: Buffer | string; location?: string }>([
    ['/a.jpg', { status: 200, body: jpeg }],
    ['/b.png', { status: 200, body: png }],
    ['/cut.jpg', { status: 200, body: jpeg.subarray(0, jpeg.length / 3) }],
    ['/page.png', { status: 200, body: '<html>no picture</html>' }],
    ['/down.jpg', { status: 503, body: 'later' }],
    ['/moved.jpg', { status: 302, body: '', location: '/a.jpg' }],
  ]);
  server = createServer((request, response) => {
    const answer = answers.get(request.url ?? '') ?? { status: 404, body: 'nothing' };
    const headers = 'location' in answer && answer.location ? { location: answer.location } : {};
    response.writeHead(answer.status, { ...headers, connection: 'close' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The host of the pictures has no port.');
  host = `127.0.0.1:${address.port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe.each(BACKENDS)('pictures on %s', PATIENT, (name) => {
  const backend = useBackend(name);

  it('are measured, kept and told of one by one, the best first', async () => {
    const site = backend.site();
    const closed = `127.0.0.1:${await freePort()}`;
    const declared = [
      { url: `http://${host}/b.png`, width: 999, height: 40, title: 'A square' },
      { url: '/a.jpg' },
      { url: `http://${host}/cut.jpg` },
      { url: `http://${host}/page.png`, width: 10, height: 20 },
      { url: `http://${host}/gone.jpg` },
      { url: `http://${host}/down.jpg` },
      { url: `http://${closed}/a.jpg` },
      { url: 'http://127.0.0.1:9/a.jpg' },
      { url: `http://${host}/moved.jpg`, width: 320, height: 180 },
    ];
    site.put('a.md', article('pictures', { webUrl: `http://${host}/story`, images: imageLines(declared) }));
    site.put('none.md', article('none'));

    const { code, summary } = await site.ingest(['--allow-host', host, '--allow-host', closed]);

    expect(code).toBe(0);
    expect(summary.images).toMatchObject({ verified: 3, failed: 6, skipped: 0 });
    const record = site.record('a.md');
    // The record leads with the best picture; then those verified, then the others, as they were declared.
    const order = [1, 0, 8, 2, 3, 4, 5, 6, 7];
    expect(record?.images.map(({ url }) => url)).toEqual(order.map((index) => declared[index]?.url));
    const byUrl = new Map(record?.images.map((image) => [image.url, image]));
    const images = declared.map(({ url }) => byUrl.get(url));
    expect(images).toMatchObject([
      {
        status: 'verified',
        title: 'A square',
        width: 60,
        height: 40,
        declared: { width: 999, height: 40 },
        isCached: true,
        contentType: 'image/png',
      },
      { status: 'verified', width: 320, height: 180, isCached: true, contentType: 'image/jpeg' },
      { status: 'failed', reason: 'truncated', isCached: false },
      { status: 'failed', reason: 'not-an-image', width: 10, height: 20 },
      { status: 'failed', reason: 'status-4xx' },
      { status: 'failed', reason: 'status-5xx' },
      { status: 'failed', reason: 'connect' },
      { status: 'failed', reason: 'refused-address' },
      { status: 'verified', width: 320, height: 180, isCached: true },
    ]);
    expect(images[1]).not.toHaveProperty('declared');
    expect(images[8]).not.toHaveProperty('declared');
    const kept = images.flatMap((image) => image?.file ?? []);
    expect(kept).toHaveLength(3);
    expect(kept[2]).toBe(kept[1]);
    for (const file of kept) expect(existsSync(path.join(site.state, 'images', file)), file).toBe(true);
  });

  it('are not asked for with --no-images', async () => {
    const site = backend.site();
    site.put(
      'a.md',
      article('off', { images: imageLines([{ url: `http://${host}/a.jpg`, width: 3, height: 2 }]) }),
    );

    const { code, summary } = await site.ingest(['--no-images', '--allow-host', host]);

    expect(code).toBe(0);
    expect(summary.images).toMatchObject({ verified: 0, failed: 0, skipped: 1 });
    expect(site.record('a.md')?.images).toEqual([
      { url: `http://${host}/a.jpg`, width: 3, height: 2, isCached: false, status: 'skipped', reason: 'off' },
    ]);
  });
});
