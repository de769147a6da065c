import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { z } from 'zod';
import { eventSchema } from '../../src/shared/events/event.js';
import { recordSchema, type RecordImage } from '../../src/shared/record/schema.js';
import { startHost, type TestHost } from '../fetch/misbehaving-host.js';
import { noise } from '../pictures/samples.js';
import { freePort } from '../support/free-port.js';
import { KEYS, startS3 } from '../support/s3-server.js';

const command = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const ARTICLES = 2000;
const PICTURES = 50;
const MONTH_MS = 31 * 24 * 3600 * 1000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const galley = (cwd: string, ...args: string[]): Promise<Ended> => galleyWith({}, cwd, args);

async function galleyWith(
  env: Readonly<Record<string, string>>,
  cwd: string,
  args: readonly string[],
): Promise<Ended> {
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { ...process.env, REDIS_URL: '', DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (part: Buffer) => (said.stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (said.stderr += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

const summarySchema = z.looseObject({
  delivered: z.number(),
  images: z.object({ verified: z.number(), failed: z.number(), skipped: z.number(), cached: z.number() }),
});

const prunedSchema = z.object({
  pictures: z.number(),
  thumbnails: z.number(),
  bytes: z.number(),
  entries: z.number(),
  olderThanDays: z.number(),
  dryRun: z.boolean(),
});

describe('pictures that many articles point at', () => {
  let home: string;
  let host: TestHost;
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'galley-pictures-'));
    const jpegs = await Promise.all(
      Array.from({ length: PICTURES }, () => noise(400, 260).jpeg({ quality: 60 }).toBuffer()),
    );
    host = await startHost({
      '*': (request, response) => {
        const jpeg = jpegs[Number(/\d+/.exec(request.url ?? '')?.[0])];
        const etag = `"${request.url ?? ''}"`;
        if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
        else response.writeHead(200, { etag }).end(jpeg);
      },
    });
    await mkdir(path.join(home, 'in'));
    await Promise.all(Array.from({ length: ARTICLES }, (_, index) => writeArticle(index, 'first')));
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const writeArticle = (index: number, edition: string): Promise<void> =>
    writeFile(
      path.join(home, 'in', `${index}.md`),
      `---\ntitle: Article ${index}, ${edition} edition\ntype: article\npublishedDateTime: 2024-05-01T10:00:00Z\n` +
        `originalUrl: https://news.example/articles/${index}\ntopics: [weather]\nprovider:\n  name: Example\n` +
        `images:\n  - url: ${host.origin}/${index % PICTURES}.jpg\n---\n\nIt rained.\n`,
    );
  const ingest = (): Promise<Ended> =>
    galley(
      home,
      'ingest',
      'in',
      '--out',
      'out.ndjson',
      '--allow-host',
      `127.0.0.1:${host.port}`,
      '--thumbnails',
      '200',
      '--json',
    );
  const prune = async (...args: string[]): Promise<z.infer<typeof prunedSchema>> => {
    const { code, stdout, stderr } = await galley(home, 'pictures', 'prune', '--json', ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return prunedSchema.parse(JSON.parse(stdout));
  };
  const records = async (): Promise<RecordImage[]> => {
    const lines = (await readFile(path.join(home, 'out.ndjson'), 'utf8')).trimEnd().split('\n');
    return lines.flatMap((line) => recordSchema.parse(eventSchema.parse(JSON.parse(line)).data).images);
  };
  const kept = async (): Promise<string[]> => {
    const entries = await readdir(path.join(home, '.galley', 'images'), {
      recursive: true,
      withFileTypes: true,
    });
    return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  };

  it('are downloaded once each, and get a thumbnail each', async () => {
    const { code, stdout, stderr } = await ingest();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(summarySchema.parse(JSON.parse(stdout))).toMatchObject({
      delivered: ARTICLES,
      images: { verified: ARTICLES, failed: 0, cached: ARTICLES - PICTURES },
    });
    expect(host.count()).toBe(PICTURES);
    const images = await records();
    expect(images).toHaveLength(ARTICLES);
    expect(new Set(images.map(({ file }) => file)).size).toBe(PICTURES);
    const thumbnail = path.join(home, '.galley', 'images', images[0]?.thumbnail ?? '');
    expect(await sharp(thumbnail).metadata()).toMatchObject({ format: 'webp', width: 200, height: 130 });
    expect(await kept()).toHaveLength(2 * PICTURES);
  }, 60_000);

  it('cost no body in a later run when their host says that they are as they were', async () => {
    for (let index = 0; index < PICTURES; index++) await writeArticle(index, 'second');
    const { code, stdout } = await ingest();
    expect(code).toBe(0);
    expect(summarySchema.parse(JSON.parse(stdout)).images).toMatchObject({
      verified: PICTURES,
      cached: PICTURES,
    });
    const asked = host.requests.slice(PICTURES);
    expect(asked).toHaveLength(PICTURES);
    expect(asked.every(({ headers }) => headers['if-none-match'] !== undefined)).toBe(true);
  }, 60_000);

  it('stay when pictures are pruned, however old; what no record points at goes', async () => {
    const stray = path.join(home, '.galley', 'images', 'ab', 'cd', `abcd${'0'.repeat(60)}.jpg`);
    await mkdir(path.dirname(stray), { recursive: true });
    await writeFile(stray, 'stray');
    const then = new Date(Date.now() - MONTH_MS);
    for (const file of await kept()) await utimes(file, then, then);

    expect(await prune('--older-than', '60')).toMatchObject({ pictures: 0, thumbnails: 0 });
    expect(await prune('--dry-run')).toEqual({
      pictures: 1,
      thumbnails: 0,
      bytes: 5,
      entries: 0,
      olderThanDays: 30,
      dryRun: true,
    });
    expect(await prune()).toMatchObject({ pictures: 1, bytes: 5, dryRun: false });
    expect(await kept()).toHaveLength(2 * PICTURES);
  }, 60_000);

  it.each([
    [['pictures', 'purge'], 'did you mean galley pictures prune?'],
    [['pictures', 'prune', '--older-than', '0'], '--older-than: "0" is not a number of days from 1'],
  ])('are not pruned by a wrong command: %j', async (args, message) => {
    const { code, stderr } = await galley(home, ...args);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
  });
});

describe('a pipeline whose pictures are kept in S3', () => {
  const envOf = (endpoint: string): Record<string, string> => ({
    GALLEY_STORE: 's3://pictures/site',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  });
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'galley-pictures-'));
    await mkdir(path.join(home, 'in'));
    return () => rm(home, { recursive: true, force: true });
  });

  it('puts them there and nowhere else, and prunes there', async () => {
    await using server = await startS3();
    const jpeg = await noise(400, 260).jpeg().toBuffer();
    await using host = await startHost({ '/a.jpg': (_request, response) => response.end(jpeg) });
    await writeFile(
      path.join(home, 'in', 'a.md'),
      `---\ntitle: An article of the day\ntype: article\npublishedDateTime: 2024-05-01T10:00:00Z\n` +
        `originalUrl: https://news.example/a\ntopics: [weather]\nprovider:\n  name: Example\n` +
        `images:\n  - url: ${host.origin}/a.jpg\n---\n\nIt rained.\n`,
    );
    const env = envOf(server.endpoint);
    const { code, stdout } = await galleyWith(env, home, [
      'ingest',
      'in',
      '--out',
      'out.ndjson',
      '--json',
      '--allow-host',
      `127.0.0.1:${host.port}`,
    ]);
    expect(code).toBe(0);
    expect(summarySchema.parse(JSON.parse(stdout)).images).toMatchObject({ verified: 1, failed: 0 });
    expect(await readdir(path.join(home, '.galley'))).not.toContain('images');
    await server.age('site', MONTH_MS);
    const pruned = await galleyWith(env, home, ['pictures', 'prune', '--json']);
    expect(prunedSchema.parse(JSON.parse(pruned.stdout))).toMatchObject({ pictures: 0, entries: 0 });
  }, 60_000);

  it('does not start while nothing answers there, and says so in one line', async () => {
    const env = envOf(`http://127.0.0.1:${await freePort()}`);
    const { code, stderr } = await galleyWith(env, home, ['ingest', 'in', '--out', 'other.ndjson']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/galley: Could not list s3:\/\/pictures\/site in the image store \(/);
  }, 60_000);
});
