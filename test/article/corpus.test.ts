import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { decodeHTMLStrict } from 'entities/decode';
import { CORE_SCHEMA, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseArticle } from '../../src/shared/article/parse.js';
import { decodeUtf8 } from '../../src/shared/article/text.js';
import type { Article } from '../../src/shared/record/schema.js';

const CORPUS = new URL('../../../shared/corpus/', import.meta.url);
const absent = !existsSync(CORPUS);
const NORMALISED = new Set([
  'title', 'excerpt', 'publishedDateTime', 'related', 'quality', 'heat', 'published', 'images', 'provider',
]); // prettier-ignore

type Fields = Record<string, unknown>;

function articles(folder: string): { name: string; text: string }[] {
  const at = new URL(`${folder}/`, CORPUS);
  return readdirSync(at).map((file) => {
    const decoded = decodeUtf8(readFileSync(new URL(file, at)));
    if ('problem' in decoded) throw new Error(`${file}: ${decoded.problem.message}`);
    return { name: `${folder}/${file}`, text: decoded.text };
  });
}

/** The front matter as another reader than ours sees it, and the body byte for byte. */
function declared(text: string): { fields: Fields; body: string } {
  const [, yaml = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
  return { fields: load(yaml, { schema: CORE_SCHEMA }) as Fields, body };
}

/** contract.md, "The record": entities decoded, NFC, white space folded, no control characters. */
function normalised(text: unknown): string | undefined {
  return typeof text === 'string'
    ? decodeHTMLStrict(text).normalize('NFC').split(/\s+/).join(' ').trim()
    : undefined;
}

function expectNothingAltered(article: Article, { fields, body }: { fields: Fields; body: string }): void {
  expect(article.title).toBe(normalised(fields['title']));
  expect(article.excerpt).toBe(normalised(fields['excerpt']));
  expect(article.publishedDateTime).toBe(fields['publishedDateTime']);
  expect(article.images).toEqual(fields['images'] ?? []);
  expect(article.provider).toEqual(fields['provider']);
  expect(article.related.length).toBe(Array.isArray(fields['related']) ? fields['related'].length : 0);
  expect(article.declaredScores ?? {}).toEqual(
    Object.fromEntries(
      ['quality', 'heat', 'published'].filter((key) => key in fields).map((key) => [key, fields[key]]),
    ),
  );
  const known: Fields = { ...article };
  for (const [key, value] of Object.entries(fields)) {
    if (!NORMALISED.has(key))
      expect({ [key]: key in known ? known[key] : article.extra[key] }).toEqual({ [key]: value });
  }
  expect(article.body?.text ?? '').toBe(body.trim() === '' ? '' : body.normalize('NFC'));
  for (const key of Object.keys(article.extra)) expect(fields).toHaveProperty([key]);
}

describe.skipIf(absent)(
  `real articles${absent ? ' (skipped: no ../shared/corpus beside this clone)' : ''}`,
  () => {
    it.each(['news', 'samples', 'learning', 'wire'])('of %s all pass, with nothing altered', (folder) => {
      for (const { name, text } of articles(folder)) {
        const result = parseArticle(text);
        expect({ name, ...result }).toMatchObject({ name, ok: true });
        if (result.ok) expectNothingAltered(result.article, declared(text));
      }
    });

    it('of newsletters lack their provider, and nothing else', () => {
      for (const { name, text } of articles('newsletters')) {
        const result = parseArticle(text, { format: 'html' });
        expect({ name, ...result }).toMatchObject({
          name,
          ok: false,
          problems: [{ code: 'missing', field: 'provider' }],
        });
        const told = parseArticle(text.replace(/^type: .*$/m, '$&\nprovider:\n  name: Everyday'), {
          format: 'html',
        });
        expect({ name, ...told }).toMatchObject({ name, ok: true, article: { body: { format: 'html' } } });
      }
    });
  },
);
