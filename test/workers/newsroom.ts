import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { ALL_ROLES, Pipeline } from '../../src/pipeline.js';
import { settingsSchema, type Settings } from '../../src/shared/config/settings.js';
import type { Record as ArticleRecord } from '../../src/shared/record/schema.js';
import type { SourceRow } from '../../src/shared/state/rows.js';
import type { BackendSettings } from '../support/backend-settings.js';

/** An event as the sink has it. */
export interface Told {
  readonly type: string;
  readonly subject: string;
  readonly data: ArticleRecord;
}

/** A pipeline over an inbox of its own, for tests of what workers do with pictures. */
export class Newsroom {
  readonly inbox: string;
  readonly out: string;
  readonly settings: Settings;
  pipeline: Pipeline | null = null;

  private constructor(dir: string, settings: Settings) {
    this.inbox = path.join(dir, 'inbox');
    this.out = path.join(dir, 'records.ndjson');
    this.settings = settings;
  }

  /** Opens the folders; the pipeline is started by `start`. Everything is closed when the test has finished. */
  static async open(options: {
    backend: BackendSettings;
    /** Ports of local hosts that may be fetched from. */
    ports: readonly number[];
    pictures?: object;
    concurrency?: number;
  }): Promise<Newsroom> {
    const dir = await mkdtemp(path.join(tmpdir(), 'galley-newsroom-'));
    const settings = settingsSchema.parse({
      ...options.backend.settings,
      inbox: [path.join(dir, 'inbox')],
      out: path.join(dir, 'records.ndjson'),
      namespace: `n${path.basename(dir).slice(-6).toLowerCase()}`,
      dashboard: false,
      allowHosts: options.ports.map((port) => `127.0.0.1:${port}`),
      pictures: options.pictures ?? {},
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    });
    const room = new Newsroom(dir, settings);
    await mkdir(room.inbox);
    onTestFinished(async () => {
      await room.stop();
      await rm(dir, { recursive: true, force: true });
    });
    return room;
  }

  async start(): Promise<void> {
    const log = pino({ level: process.env['GALLEY_TEST_LOG'] ?? 'silent' });
    this.pipeline = await Pipeline.start({ settings: this.settings, roles: ALL_ROLES, role: 'run', log });
  }

  /** @returns whether it drained cleanly */
  async stop(): Promise<boolean> {
    const { pipeline } = this;
    this.pipeline = null;
    return pipeline ? pipeline.stop(8000) : true;
  }

  /** Drops an article with these pictures into the inbox, whole at once. Files of one id are one article. */
  async drop(name: string, pictures: readonly string[], options: ArticleOptions = {}): Promise<void> {
    const temporary = path.join(this.inbox, `.${name}.tmp`);
    await writeFile(temporary, articleText(name, pictures, options));
    await rename(temporary, path.join(this.inbox, `${name}.md`));
  }

  async remove(name: string): Promise<void> {
    await rm(path.join(this.inbox, `${name}.md`));
  }

  /** Jobs of pictures that are waiting, put off or at work. */
  async jobs(): Promise<number> {
    const counts = await this.pipeline?.queue('images').getJobCounts('waiting', 'delayed', 'active');
    return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
  }

  /** The state's row of a file. */
  async row(name: string): Promise<SourceRow | null> {
    const { pipeline } = this;
    const key = `${pipeline?.roots[0]?.name ?? ''}/${name}.md`;
    return (await pipeline?.backend.state.sources([key]))?.get(key) ?? null;
  }

  /** All that was delivered so far, in order. */
  async told(): Promise<Told[]> {
    const text = await readFile(this.out, 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Told);
  }

  /** Types of the events of one article, without their common beginning. */
  async kinds(name: string): Promise<string[]> {
    const told = (await this.told()).filter(({ subject }) => subject === `${name}.md`);
    return told.map(({ type }) => type.replace('galley.article.', ''));
  }

  /** What became of the pictures in the last event of an article: status, and reason where there is one. */
  async pictures(name: string): Promise<string[]> {
    const last = (await this.told()).findLast(({ subject }) => subject === `${name}.md`);
    return (last?.data.images ?? []).map(({ status, reason }) => reason ?? status);
  }
}

export interface ArticleOptions {
  readonly id?: string;
  readonly published?: string;
}

/** An article file with these pictures. */
export function articleText(
  name: string,
  pictures: readonly string[],
  { id = name, published = '2026-01-02' }: ArticleOptions = {},
): string {
  return [
    '---',
    `title: "About ${name}"`,
    'type: article',
    `publishedDateTime: '${published}T03:04:05Z'`,
    `webUrl: 'https://news.example/${id}'`,
    'provider:',
    '  name: Example',
    '  domain: news.example',
    'topics: [Example]',
    ...(pictures.length > 0 ? ['images:', ...pictures.map((url) => `  - url: '${url}'`)] : []),
    '---',
    'Some text.',
    '',
  ].join('\n');
}
