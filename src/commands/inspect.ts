import { realpath } from 'node:fs/promises';
import { styleText } from 'node:util';
import { composeRecord } from '../shared/events/compose.js';
import { observationJobId } from '../queues/payloads.js';
import { STAGE_QUEUES } from '../queues/names.js';
import type { Backend } from '../queues/backends/contract.js';
import type { Record as ArticleRecord } from '../shared/record/schema.js';
import type { ArticleRow, SourceRow } from '../shared/state/rows.js';
import { formatProblem } from '../shared/article/problem.js';
import { wantsColour } from '../shared/config/load.js';
import { EXIT, print, printJson, type CommandSpec, type Invocation } from './command.js';
import { printable } from './printable.js';
import { withBackend } from './joined.js';
import { scoreLine } from './score-lines.js';

export const inspect: CommandSpec = {
  name: 'inspect',
  args: '<id-or-file>',
  summary: 'Show one article: its record, how each score came about, its files and jobs.',
  example: 'galley inspect ./articles/2026-11-24-harbour.md',
  options: ['state', 'namespace'],
  json: true,
  quiet: true,
  async run(invocation) {
    const [wanted = ''] = invocation.args;
    const found = await withBackend(invocation, 'inspect', (backend) => find(backend, wanted, invocation));
    if (!found) {
      const line = `Nothing is known of ${printable(wanted)}: neither an article's id nor a file that was taken.`;
      await (invocation.json ? printJson({ error: line }) : print(line));
      return EXIT.failed;
    }
    await (invocation.json ? printJson(found) : print(shown(found)));
    return EXIT.ok;
  },
};

interface Found {
  readonly record: ArticleRecord | null;
  readonly article: { id: string; version: number; state: 'live' | 'removed'; runnersUp: string[] } | null;
  readonly source: SourceRow | null;
  readonly jobs: { queue: string; id: string; state: string; attempts: number; failedReason?: string }[];
  readonly sinks: { name: string; delivered: boolean }[];
}

async function find(backend: Backend, wanted: string, { settings }: Invocation): Promise<Found | null> {
  const { state } = backend;
  const source = await findSource(backend, wanted, settings.inbox);
  const article = await state.article(source?.articleId ?? wanted);
  if (!article && !source) return null;
  const key = source?.key ?? article?.claim?.sourceKey;
  const row = source ?? (key === undefined ? null : ((await state.sources([key])).get(key) ?? null));
  return {
    record: article ? recordOf(article) : null,
    article: article
      ? {
          id: article.id,
          version: article.version,
          state: article.claim ? 'live' : 'removed',
          runnersUp: article.runnersUp.map(({ path }) => path),
        }
      : null,
    source: row,
    jobs: row ? await jobsOf(backend, row) : [],
    sinks: article
      ? (await state.sinks()).map(({ name, number }) => ({ name, delivered: number >= article.sequence }))
      : [],
  };
}

/** By key, by a path on this machine, or by a path under one of the inboxes. */
async function findSource(
  { state }: Backend,
  wanted: string,
  inboxes: readonly string[],
): Promise<SourceRow | null> {
  const real = await realpath(wanted).catch(() => null);
  const names = inboxes.map((spec) => /^([^=/]+)=/.exec(spec)?.[1] ?? spec);
  const roots = await Promise.all(names.map((name) => realpath(name).catch(() => name)));
  const keys = [wanted, ...(real === null ? [] : [real]), ...roots.map((root) => `${root}/${wanted}`)];
  const rows = await state.sources(keys);
  return keys.map((key) => rows.get(key)).find((row) => row != null) ?? null;
}

function recordOf(article: ArticleRow): ArticleRecord | null {
  const { id, version, slug, claim, at } = article;
  if (!claim) return null;
  const { contentHash, body } = claim;
  return JSON.parse(composeRecord({ id, version, contentHash, slug, ingestedAt: at, body })) as ArticleRecord;
}

async function jobsOf(backend: Backend, row: SourceRow): Promise<Found['jobs']> {
  const jobs: Found['jobs'] = [];
  for (const name of STAGE_QUEUES) {
    if (name === 'images') continue;
    const queue = backend.queue(name);
    const id = observationJobId(row);
    const job = await queue.getJob(id);
    if (job) {
      const { attemptsMade, failedReason } = job;
      jobs.push({
        queue: name,
        id,
        state: await job.getState(),
        attempts: attemptsMade,
        ...(failedReason ? { failedReason } : {}),
      });
    }
    await queue.close();
  }
  return jobs;
}

function shown({ record, article, source, jobs, sinks }: Found): string {
  const bold = (text: string) => (wantsColour(process.stdout) ? styleText('bold', text) : text);
  const lines: string[] = [];
  if (record) lines.push(...recordLines(record, bold));
  else if (article) lines.push(`Article ${article.id} was removed in version ${article.version}.`);
  if (article && article.runnersUp.length > 0)
    lines.push(`Other files of this article: ${article.runnersUp.map(printable).join(', ')}`);
  if (source)
    lines.push(`File ${printable(source.path)}: ${source.outcome}, ${new Date(source.at).toISOString()}`);
  for (const problem of source?.problems ?? [])
    lines.push(`  ${formatProblem(printable(source?.path ?? ''), problem)}`);
  for (const { queue, id, state, attempts, failedReason } of jobs) {
    lines.push(
      `Job ${id} in ${queue}: ${state} after ${attempts} attempts${failedReason ? `: ${failedReason}` : ''}`,
    );
  }
  for (const { name, delivered } of sinks)
    lines.push(`Sink ${name}: ${delivered ? 'delivered' : 'not yet delivered'}`);
  return lines.join('\n');
}

function recordLines(record: ArticleRecord, bold: (text: string) => string): string[] {
  const {
    id,
    version,
    title,
    provider,
    publishedDateTime,
    canonicalUrl,
    quality,
    heat,
    published,
    scores,
    images,
  } = record;
  return [
    bold(title),
    `${provider.name}, ${publishedDateTime ?? 'no date'}${canonicalUrl === undefined ? '' : `, ${canonicalUrl}`}`,
    `id ${id}, version ${version}; ${published ? 'published' : 'not published'}`,
    bold(`quality ${quality}`),
    ...scores.quality.map(scoreLine),
    bold(`heat ${heat}`),
    ...scores.heat.map(scoreLine),
    ...images.map(
      ({ url, status, width, height, reason }) =>
        `picture ${status}${reason ? ` (${reason})` : ''} ${width ?? '?'}x${height ?? '?'} ${url}`,
    ),
  ];
}
