import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArticle, type ParsedArticle } from '../../src/shared/article/parse.js';
import { articleSchema } from '../../src/shared/record/schema.js';
import { article, SECURED } from '../fixtures/article/articles.js';

const UNCLEAN = /[\p{Cc}\p{Surrogate}]/u;

/** What must hold of the answer to any text whatever. */
function holds(result: ParsedArticle): void {
  if (!result.ok) {
    expect(result.problems.length).toBeGreaterThan(0);
    for (const { message, found = '' } of result.problems) {
      expect(message).not.toBe('');
      expect([...found].length).toBeLessThanOrEqual(80);
      expect(`${message}${found}`).not.toMatch(UNCLEAN);
    }
    return;
  }
  expect(articleSchema.parse(result.article)).toEqual(result.article);
  const { title, excerpt = '', body } = result.article;
  expect(`${title}${excerpt}`).not.toMatch(UNCLEAN);
  expect(body?.text.replace(/[\n\t]/g, '') ?? '').not.toMatch(UNCLEAN);
  const json = JSON.stringify(result.article);
  expect(json.replaceAll('\\\\', '')).not.toMatch(/\\u0000|\\ud[89a-f]/i);
  expect(JSON.parse(json)).toEqual(result.article);
}

const fragment = fc.constantFrom(
  '---\n', '\n', '  ', '- ', ': ', '"', "'", '[', ']', '{', '}', '&a ', '*a', '!t ', '|\n', '>\n', '#', '\t', '<<', '?',
  '%', '@', '`', '\r\n', '\\0', '\\uD800', '\0', '\ud800', 'title', 'topics', 'images', 'url', '2026-02-31', '__proto__',
  'secured', '...', '~', '1e999', 'constructor',
); // prettier-ignore

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '2026-01-31',
    '9999-12-31',
    'https://a.example/?utm_x=1',
    'javascript:x',
    '/a.png',
    SECURED,
    '&nbsp;',
  ),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const item = fc.oneof(
  value,
  fc.record(
    { url: value, width: value, title: value, name: value, isCached: value, other: value },
    { requiredKeys: [] },
  ),
);
const fields = fc.record(
  {
    title: value,
    excerpt: value,
    publishedDateTime: value,
    webUrl: value,
    originalUrl: value,
    type: fc.oneof(value, fc.constantFrom('article', 'course')),
    topics: fc.oneof(value, fc.array(value, { maxLength: 4 })),
    provider: item,
    images: fc.oneof(value, fc.array(item, { maxLength: 3 })),
    related: fc.oneof(value, fc.array(item, { maxLength: 3 })),
    quality: value,
    published: value,
    secured: value,
    locale: value,
    extra: item,
    ['toString']: value,
  },
  { requiredKeys: [] },
);

describe('any text', () => {
  it('is an article or has problems, and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => holds(parseArticle(text))));
  });

  it('between two delimiters is an article or has problems', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (parts) => {
        holds(parseArticle(`---\n${parts.join('')}\n---\n`));
        holds(parseArticle(article({ front: parts.join(''), body: parts.join('') })));
      }),
      { numRuns: 400 },
    );
  });

  it('that was an article before something was put into it or taken out still has an answer', () => {
    const whole = article({ front: `secured: "${SECURED}"\nimages:\n  - url: /a.png\n` });
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(8), fragment, (at, cut, put) => {
        holds(parseArticle(whole.slice(0, at) + put + whole.slice(at + cut)));
      }),
      { numRuns: 400 },
    );
  });

  it('with fields of any kind is an article or has problems', () => {
    fc.assert(
      fc.property(fields, (data) => holds(parseArticle(`---json\n${JSON.stringify(data)}\n---\n`))),
      { numRuns: 400 },
    );
  });
});

describe('an article', () => {
  it('keeps unknown fields as they are', () => {
    const json = fc.jsonValue({ maxDepth: 3 }).map((data) => JSON.parse(JSON.stringify(data)) as unknown);
    fc.assert(
      fc.property(json, (data) => {
        const text = JSON.stringify(data);
        fc.pre(
          !text.includes('__proto__') && !text.includes('"<<"') && !/\\u0000|\\ud[89a-f]|-0/i.test(text),
        );
        const front = JSON.stringify({
          title: 'x',
          type: 'note',
          provider: { name: 'y' },
          topics: [],
          mood: data,
        });
        const result = parseArticle(`---json\n${front}\n---\n`);
        if (!result.ok) throw new Error(JSON.stringify(result.problems));
        expect(result.article.extra).toEqual({ mood: data });
      }),
    );
  });
});
