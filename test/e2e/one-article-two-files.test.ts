import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Record as ArticleRecord } from '../../src/shared/record/schema.js';
import { article } from './articles.js';
import { BACKENDS, PATIENT, useBackend } from './backends.js';
import type { Site } from './site.js';
import { until } from './until.js';

const OLDER = { title: '"The older story"', publishedDateTime: '2025-01-01T00:00:00Z' };
const NEWER = { title: '"The newer story"', publishedDateTime: '2026-01-01T00:00:00Z' };

/** The newer one has a tracking parameter, which is no part of the canonical URL. */
function pair(slug: string): { older: string; newer: string } {
  return {
    older: article(slug, OLDER),
    newer: article(slug, { ...NEWER, webUrl: `https://Gazette.example/${slug}?utm_source=feed#top` }),
  };
}

describe.each(BACKENDS)('several files of one article on %s', PATIENT, (name) => {
  const backend = useBackend(name);
  let site: Site;

  beforeAll(async () => {
    site = backend.site();
    await site.run();
  }, PATIENT.timeout);

  /** The last record of an article, whichever file it came from. */
  function latest(slug: string): ArticleRecord | null {
    const records = site.events().flatMap(({ data }) => ('canonicalUrl' in data ? [data] : []));
    return records.findLast(({ canonicalUrl }) => canonicalUrl === `https://gazette.example/${slug}`) ?? null;
  }

  async function untilTitle(slug: string, title: string): Promise<ArticleRecord> {
    return until(`${title} as the record of ${slug}`, () => {
      const record = latest(slug);
      return record?.title === title && record;
    });
  }

  it('are the same record whatever order they come in', async () => {
    const [first, second, both] = [pair('first'), pair('second'), pair('both')];
    site.write('first-old.md', first.older);
    site.write('second-new.md', second.newer);
    await site.came('first-old.md', 'created');
    await site.came('second-new.md', 'created');
    site.write('first-new.md', first.newer);
    site.write('second-old.md', second.older);
    site.write('both-old.md', both.older);
    site.write('both-new.md', both.newer);

    const records = await Promise.all(
      ['first', 'second', 'both'].map((slug) => untilTitle(slug, 'The newer story')),
    );
    await site.came('first-new.md', 'updated');
    await until('the second of each pair to be known', async () => {
      const status = await site.galley(['status', '--json', '--state', site.state]);
      return (JSON.parse(status.stdout) as { sources: number }).sources === 6;
    });
    expect(site.kinds('second-old.md')).toEqual([]);
    const [a, b, c] = records.map((record) => essence(record));
    expect(b).toEqual(a);
    expect(c).toEqual(a);
    expect(latest('second')?.title).toBe('The newer story');
  });

  it('pass the article on when the first of them goes, and end it when the last does', async () => {
    const { id, version } = latest('second') ?? {};
    rmSync(path.join(site.inbox, 'second-new.md'));
    const taken = await untilTitle('second', 'The older story');
    expect(taken).toMatchObject({ id, version: (version ?? 0) + 1 });
    expect(site.kinds('second-old.md')).toEqual(['updated']);

    rmSync(path.join(site.inbox, 'second-old.md'));
    await site.came('second-old.md', 'removed');
    site.write('second-again.md', pair('second').newer);
    await site.came('second-again.md', 'created');
    expect(site.record('second-again.md')).toMatchObject({ id, version: (version ?? 0) + 3 });
  });

  it('keeps the record of a file that turned bad until it is corrected', async () => {
    site.write('turning.md', article('turning'));
    await site.came('turning.md', 'created');
    site.write('turning.md', article('turning', { title: null }));
    await site.came('turning.md', 'rejected');
    expect(await rejectedPaths()).toEqual(['turning.md']);
    const known = await site.galley([
      'inspect',
      site.record('turning.md')?.id ?? '',
      '--json',
      '--state',
      site.state,
    ]);
    expect(JSON.parse(known.stdout)).toMatchObject({ article: { state: 'live', version: 1 } });

    site.write('turning.md', article('turning', { title: '"Mended"' }));
    await site.came('turning.md', 'updated');
    expect(await rejectedPaths()).toEqual([]);
    expect(site.kinds('turning.md')).toEqual(['created', 'rejected', 'updated']);
  });

  it('are two articles when the URL of a file changes: the old one ends, a new one begins', async () => {
    site.write('moving.md', article('before'));
    await site.came('moving.md', 'created');
    const { id } = site.record('moving.md') ?? {};
    site.write('moving.md', article('after'));

    await site.came('moving.md', 'created', 2);
    await site.came('moving.md', 'removed');
    const removed = site.events().findLast(({ type }) => type === 'galley.article.removed');
    expect(removed?.data).toMatchObject({ id, version: 2 });
    expect(site.record('moving.md')).toMatchObject({ version: 1 });
    expect(site.record('moving.md')?.id).not.toBe(id);
  });

  it('is removed and created under another path when it has no URL to be known by', async () => {
    site.write('course.md', article('course', { type: 'course', webUrl: null, publishedDateTime: null }));
    await site.came('course.md', 'created');
    renameSync(path.join(site.inbox, 'course.md'), path.join(site.inbox, 'course-renamed.md'));

    await site.came('course-renamed.md', 'created');
    await site.came('course.md', 'removed');
    expect(site.record('course-renamed.md')?.id).not.toBe(site.record('course.md')?.id);
  });

  async function rejectedPaths(): Promise<string[]> {
    const { stdout } = await site.galley(['rejected', '--json', '--state', site.state]);
    const { rejected } = JSON.parse(stdout) as { rejected: { path: string }[] };
    return rejected.map(({ path: file }) => file);
  }
});

/** A record without what may differ with the order of arrival, and with the article. */
function essence(record: ArticleRecord): unknown {
  const { title, publishedDateTime, quality, published, topics, body } = record;
  return { title, publishedDateTime, quality, published, topics, body };
}
