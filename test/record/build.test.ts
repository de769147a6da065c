import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../../src/shared/article/content-hash.js';
import { parseArticle } from '../../src/shared/article/parse.js';
import { failedImage } from '../../src/shared/pictures/record-image.js';
import { articleOfRecord, buildRecordBody } from '../../src/shared/record/build.js';
import type { RecordBody } from '../../src/shared/record/schema.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';
import { scoreArticle } from '../../src/shared/scoring/score.js';

const SAMPLES = new URL('../../samples/', import.meta.url);
const CORPUS = new URL('../../../shared/corpus/', import.meta.url);

function expectSame(text: string): void {
  const parsed = parseArticle(text, { format: 'markdown' });
  if (!parsed.ok) return;
  const { article } = parsed;
  const images = article.images.map((declared) => failedImage(declared, 'timeout'));
  const scored = scoreArticle({ article, images, related: article.related }, defaultProfile);
  const source = { path: 'a.md', bytes: 1, mtimeNs: '1700000000000000000' };
  const body = buildRecordBody({ article, images, source, scored });
  // As the state keeps it.
  const kept = JSON.parse(JSON.stringify(body)) as RecordBody;
  const again = articleOfRecord(kept, article.images);
  expect(again).toEqual(article);
  expect(contentHash(again, images)).toBe(contentHash(article, images));
  expect(scoreArticle({ article: again, images, related: again.related }, defaultProfile)).toEqual(scored);
}

describe('the article that a record was made from', () => {
  it.each(readdirSync(SAMPLES).filter((name) => name.endsWith('.md')))('is found again: %s', (name) => {
    expectSame(readFileSync(new URL(name, SAMPLES), 'utf8'));
  });

  it.skipIf(!existsSync(CORPUS)).each(['news', 'samples', 'learning'])(
    'is found again for each of the corpus: %s (skipped where there is no corpus)',
    (folder) => {
      const at = new URL(`${folder}/`, CORPUS);
      for (const name of readdirSync(at)) expectSame(readFileSync(new URL(name, at), 'utf8'));
    },
  );
});
