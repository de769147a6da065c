import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { JSON_SCHEMA, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { declaredImageSchema, providerSchema } from '../../src/shared/record/schema.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';
import { scoreArticle } from '../../src/shared/scoring/score.js';
import { anArticle, aPicture } from './articles.js';

const corpus = path.resolve('../shared/corpus/news');
const isThere = existsSync(corpus);
if (!isThere) console.warn(`Skipped: the corpus of scored articles is not beside the project (${corpus}).`);

const fileSchema = z.looseObject({
  title: z.string(),
  type: z.string(),
  quality: z.number(),
  published: z.boolean(),
  topics: z.array(z.string()),
  provider: providerSchema,
  images: z.array(declaredImageSchema).default([]),
});

interface Row {
  readonly mine: number;
  readonly theirs: number;
  readonly published: boolean;
  readonly isHouse: boolean;
}

function readRows(): Row[] {
  return readdirSync(corpus).map((name) => {
    const [, front = ''] = /^---\n([\s\S]*?)\n---/.exec(readFileSync(path.join(corpus, name), 'utf8')) ?? [];
    const { title, type, topics, provider, images, quality, published } = fileSchema.parse(
      load(front, { schema: JSON_SCHEMA }),
    );
    // No picture of the corpus can be reached: they count as declared.
    const pictures = images.map((image) =>
      aPicture({ ...image, isCached: false, status: 'failed', reason: 'connect' }),
    );
    const article = anArticle({ title, type, topics, provider });
    const mine = scoreArticle({ article, images: pictures, related: [] }, defaultProfile).quality;
    return { mine, theirs: quality, published, isHouse: provider.domain === 'microsoft.com' };
  });
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    return below + (values.filter((other) => other === value).length - 1) / 2;
  });
}

function rho(rows: readonly Row[]): number {
  const [a, b] = [ranks(rows.map(({ mine }) => mine)), ranks(rows.map(({ theirs }) => theirs))];
  const mean = (rows.length - 1) / 2;
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, index) => sum + (value - mean) * ((y[index] ?? 0) - mean), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function areaUnderCurve(rows: readonly Row[]): number {
  const [yes, no] = [rows.filter(({ published }) => published), rows.filter(({ published }) => !published)];
  const wins = yes.flatMap((a) => no.map((b) => (a.mine > b.mine ? 1 : a.mine === b.mine ? 0.5 : 0)));
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
}

describe.skipIf(!isThere)('the default profile on articles that editors had scored', () => {
  const rows = isThere ? readRows() : [];
  it.each([
    ['all', () => true, 0.93, 0.96],
    ['those of other providers', (row: Row) => !row.isHouse, 0.85, 0.95],
    ['one half', (_row: Row, index: number) => index % 2 === 0, 0.92, 0.95],
    ['the other half', (_row: Row, index: number) => index % 2 === 1, 0.92, 0.95],
  ] as const)('ranks %s as they did', (_name, keep, leastRho, leastArea) => {
    const some = rows.filter(keep);
    expect(rho(some)).toBeGreaterThan(leastRho);
    expect(areaUnderCurve(some)).toBeGreaterThan(leastArea);
  });
});
