import { describe, expect, it } from 'vitest';
import { parseArticle, type ParseOptions } from '../../src/shared/article/parse.js';
import { formatProblem, type Problem } from '../../src/shared/article/problem.js';
import { type Article, articleSchema } from '../../src/shared/record/schema.js';
import { article, SECURED } from '../fixtures/article/articles.js';

function parsed(text: string, options?: ParseOptions): Article {
  const result = parseArticle(text, options);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(articleSchema.parse(result.article)).toEqual(result.article);
  return result.article;
}

function problems(text: string, options?: ParseOptions): Problem[] {
  const result = parseArticle(text, options);
  if (result.ok) throw new Error(`was taken: ${JSON.stringify(result.article)}`);
  return result.problems;
}

const without = (line: RegExp): string => article().replace(line, '');
const date = (written: string): string => article().replace('2026-01-01T00:00:00Z', written);
const url = (written: string): string => article().replace('"https://news.example/bridge"', written);

describe('a good article', () => {
  it('comes out whole, in schema order', () => {
    const text = article({
      front: `category: news
excerpt: "Cars &amp; trains.&nbsp;  Both."
originalUrl: http://feed.example/r?id=7
ampWebUrl: https://news.example/amp/bridge
cdnAmpWebUrl: https://cdn.example/bridge
locale: en-US
language: en
quality: 54
heat: 64
published: false
mood: cheerful
ratings: {count: 402, average: 4.71393}
images:
  - url: /assets/bridge.png
    width: 1140
    height: 641
    title: "The bridge &#8211; at night"
    isCached: true
    credit: Somebody
related:
  - title: "The first bridge"
    publishedDateTime: 2020-01-01 12:00 +02:00
    webUrl: https://news.example/first
    type: article
    provider: {name: Example, domain: news.example}
    quality: 38
    images: [{url: "https://news.example/first.png", width: 10, height: 20, isCached: true}]
  - title: "And before it"
secured: "${SECURED}"
`,
      body: '\nSome *text* here.\n',
    });
    const result = parsed(text);
    expect(result).toEqual({
      category: 'news',
      title: 'The harbour opens its second bridge',
      excerpt: 'Cars & trains. Both.',
      publishedDateTime: '2026-01-01T00:00:00Z',
      type: 'article',
      locale: 'en-US',
      language: 'en',
      originalUrl: 'http://feed.example/r?id=7',
      webUrl: 'https://news.example/bridge',
      canonicalUrl: 'https://news.example/bridge',
      ampWebUrl: 'https://news.example/amp/bridge',
      cdnAmpWebUrl: 'https://cdn.example/bridge',
      provider: { name: 'Example', domain: 'news.example' },
      topics: ['Bridges'],
      body: { format: 'markdown', text: '\nSome *text* here.\n', words: 3 },
      images: [
        {
          url: '/assets/bridge.png',
          width: 1140,
          height: 641,
          title: 'The bridge – at night',
          isCached: true,
          credit: 'Somebody',
        },
      ],
      related: [
        {
          title: 'The first bridge',
          publishedDateTime: '2020-01-01T10:00:00Z',
          webUrl: 'https://news.example/first',
          type: 'article',
          provider: { name: 'Example', domain: 'news.example' },
          quality: 38,
          images: [{ url: 'https://news.example/first.png', width: 10, height: 20, isCached: true }],
        },
        { title: 'And before it' },
      ],
      declaredScores: { quality: 54, heat: 64, published: false },
      secured: SECURED,
      extra: { mood: 'cheerful', ratings: { count: 402, average: 4.71393 } },
    });
    expect(Object.keys(result)).toEqual(Object.keys(articleSchema.shape));
  });

  it('leaves out what is declared without a value', () => {
    const result = parsed(
      article({
        front: 'excerpt: "&nbsp;"\ncategory:\nimages: null\noriginalUrl: ""\nquality:\nsecured: ""\n',
      }),
    );
    expect(Object.keys(result)).toEqual([
      'title',
      'publishedDateTime',
      'type',
      'webUrl',
      'canonicalUrl',
      'provider',
      'topics',
      'images',
      'related',
      'extra',
    ]);
  });

  it('is an article by default, and any one word by choice', () => {
    expect(parsed(without(/^type.*\n/m)).type).toBe('article');
    expect(parsed(article().replace('type: article', 'type: Podcast')).type).toBe('podcast');
  });

  it('has its address from webUrl, else from originalUrl, without tracking', () => {
    const canonical = (text: string): unknown => parsed(text).canonicalUrl;
    expect(canonical(article({ front: 'originalUrl: https://b.example/\n' }))).toBe(
      'https://news.example/bridge',
    );
    expect(canonical(url('HTTPS://News.Example/a?utm_source=x&id=1#top'))).toBe(
      'https://news.example/a?id=1',
    );
    expect(canonical(article().replace('webUrl', 'originalUrl'))).toBe('https://news.example/bridge');
    expect(parsed(url('"https://news.example/a?utm_source=x"')).webUrl).toBe(
      'https://news.example/a?utm_source=x',
    );
  });

  it('may have no date and no address where its kind has none', () => {
    const course = without(/^(?:publishedDateTime|webUrl).*\n/gm).replace('type: article', 'type: course');
    const result = parsed(course);
    expect(result.publishedDateTime).toBeUndefined();
    expect(result.canonicalUrl).toBeUndefined();
  });

  it('has dates of its zone', () => {
    expect(parsed(date('2026-07-01 12:00'), { timeZone: 'Europe/Berlin' }).publishedDateTime).toBe(
      '2026-07-01T10:00:00Z',
    );
    expect(parsed(date('2026-07-01 12:00')).publishedDateTime).toBe('2026-07-01T12:00:00Z');
  });

  it('may have a number as its title or topic', () => {
    const result = parsed(
      article()
        .replace('- Bridges', '- 365')
        .replace(/^title: .*$/m, 'title: 2024'),
    );
    expect(result).toMatchObject({ title: '2024', topics: ['365'] });
  });

  it('has a body in HTML when it is told so', () => {
    const html =
      '<html><style>p { color: red }</style><!-- not -->\n<p class="big">Two words</p><script>x</script></html>\n';
    expect(parsed(article({ body: html }), { format: 'html' }).body).toEqual({
      format: 'html',
      text: html,
      words: 2,
    });
    expect(parsed(article({ body: ' \n\n' })).body).toBeUndefined();
  });

  it('keeps pictures that cannot be fetched, as declared: their failure is theirs', () => {
    const urls = [
      '/assets/a.png',
      'images/a.png',
      '//cdn.example/a.png',
      'https://[broken',
      'http://a b/c.png',
    ];
    const front = `images:\n${urls.map((one) => `  - url: "${one}"\n`).join('')}`;
    expect(parsed(article({ front })).images.map((image) => image.url)).toEqual(urls);
  });

  it('may come with CRLF, a byte order mark and a body with delimiters', () => {
    expect(
      parsed(`\ufeff${article({ body: '\nSome *text*.\n\n---\n\nMore.\n' }).replace(/\n/g, '\r\n')}`).body
        ?.text,
    ).toBe('\nSome *text*.\n\n---\n\nMore.\n');
  });
});

describe('bad input', () => {
  it.each<[string, string, string, string, number]>([
    ['no title', without(/^title.*\n/m), 'missing', 'title', 1],
    ['a title of nothing', article().replace(/^title:.*$/m, 'title: "&nbsp; "'), 'missing', 'title', 2],
    ['no date', without(/^published.*\n/m), 'missing', 'publishedDateTime', 1],
    ['no address', without(/^webUrl.*\n/m), 'missing', 'webUrl', 1],
    ['no provider', without(/^provider:\n.*\n.*\n/m), 'missing', 'provider', 1],
    ['a provider without a name', without(/^ {2}name.*\n/m), 'missing', 'provider.name', 6],
    ['no topics', without(/^topics:\n.*\n/m), 'missing', 'topics', 1],
    [
      'topics that are no list',
      article().replace('topics:\n  - Bridges', 'topics: Bridges'),
      'wrong-type',
      'topics',
      9,
    ],
    ['a date that is none', date('"2026-02-31T00:00:00Z"'), 'bad-date', 'publishedDateTime', 3],
    ['a bare date that is none', date('2026-02-31'), 'bad-date', 'publishedDateTime', 3],
    ['the year zero', date('"0000-00-00T00:00:00Z"'), 'bad-date', 'publishedDateTime', 3],
    ['a bare year zero', date('0000-00-00'), 'bad-date', 'publishedDateTime', 3],
    ['the year 9999', date('9999-12-31'), 'bad-date', 'publishedDateTime', 3],
    ['a script as address', url('javascript:alert(1)'), 'bad-url', 'webUrl', 4],
    ['credentials in an address', url('https://a:b@news.example/'), 'bad-url', 'webUrl', 4],
    [
      'two types',
      article().replace('type: article', 'type: article\ntype: video'),
      'duplicate-key',
      'type',
      6,
    ],
    ['a type of two words', article().replace('type: article', 'type: long read'), 'bad-type', 'type', 5],
    ['a decimal as title', article().replace(/^title:.*$/m, 'title: 1.10'), 'wrong-type', 'title', 2],
    ['an endless title', article().replace('The harbour', 'x'.repeat(2000)), 'too-long', 'title', 2],
    [
      'a picture without address',
      article({ front: 'images:\n  - width: 3\n' }),
      'missing',
      'images[0].url',
      12,
    ],
    [
      'a script as picture',
      article({ front: 'images:\n  - url: JavaScript:x\n' }),
      'bad-url',
      'images[0].url',
      12,
    ],
    [
      'a width in words',
      article({ front: 'images:\n  - url: /a\n    width: wide\n' }),
      'wrong-type',
      'images[0].width',
      13,
    ],
    [
      'a negative width',
      article({ front: 'images:\n  - url: /a\n    width: -1\n' }),
      'bad-number',
      'images[0].width',
      13,
    ],
    [
      'a bad related date',
      article({ front: 'related:\n  - title: x\n    publishedDateTime: soon\n' }),
      'bad-date',
      'related[0].publishedDateTime',
      13,
    ],
    [
      'related without title',
      article({ front: 'related:\n  - webUrl: https://a.example\n' }),
      'missing',
      'related[0].title',
      12,
    ],
    ['a locale that is none', article({ front: 'locale: "en US"\n' }), 'bad-language', 'locale', 11],
    ['published as text', article({ front: 'published: "true"\n' }), 'wrong-type', 'published', 11],
    ['toml', article().replace('---', '---toml'), 'language', '', 1],
    ['a list', '---\n- a\n- b\n---\n', 'wrong-type', '', 2],
    ['a YAML error', '---\ntitle: "x\nurl: [\n---\n', 'yaml', '', 3],
  ])('%s is told by field and line', (_, text, code, field, line) => {
    const found = problems(text);
    expect(found).toContainEqual(expect.objectContaining({ code, field, line }));
    expect(found).toHaveLength(1);
  });

  it('is told all at once, in the order of the file', () => {
    const text = `---
title: [a]
publishedDateTime: 2026-02-31
webUrl: ftp://news.example
type: article
topics:
  - ok
  - {a: 1}
images:
  - url: /a
    height: tall
---
`;
    expect(problems(text).map(({ line, field, code }) => `${line} ${field} ${code}`)).toEqual([
      '1 provider missing',
      '2 title wrong-type',
      '3 publishedDateTime bad-date',
      '4 webUrl bad-url',
      '8 topics[1] wrong-type',
      '11 images[0].height wrong-type',
    ]);
    expect(problems('---\nmood: x\n---\n').map(({ field }) => field)).toEqual([
      'title', 'provider', 'topics', 'publishedDateTime', 'webUrl',
    ]); // prettier-ignore
  });

  it('is told as what was expected and what was found', () => {
    const [problem] = problems(date('2026-02-31'));
    expect(problem).toEqual({
      code: 'bad-date',
      field: 'publishedDateTime',
      line: 3,
      message:
        'expected a real date, as 2026-01-31 or 2026-01-31T18:20:00Z, found "2026-02-31" (2026-02 has days 1 to 28, not 31)',
      expected: 'a real date, as 2026-01-31 or 2026-01-31T18:20:00Z',
      found: '2026-02-31',
    });
    expect(formatProblem('a.md', problem as Problem)).toMatch(
      /^a\.md:3: publishedDateTime: expected a real date/,
    );
  });

  it('is shown at 80 characters at most, with control characters escaped', () => {
    const [long] = problems(date(`"${'ab '.repeat(100)}"`));
    expect(long?.found).toHaveLength(80);
    const [control] = problems(date('"\\e[31m\\u202e red"'));
    expect(control?.found).toBe('\\u001b[31m\\u202e red');
  });

  it('may not be 10,000 topics', () => {
    const many = article({ front: Array.from({ length: 10_000 }, (_, i) => `  - Topic ${i}\n`).join('') });
    expect(problems(many)).toMatchObject([
      { code: 'too-many', field: 'topics', found: 'a list of 10001', line: 9 },
    ]);
    expect(parsed(article({ front: '  - Two\n  - Three\n' }), { maxTopics: 3 }).topics).toHaveLength(3);
    expect(problems(article({ front: '  - Two\n' }), { maxTopics: 1 })).toMatchObject([{ code: 'too-many' }]);
  });

  it('with thousands of problems names the first hundred and how many more', () => {
    const front = `images:\n${'  - width: 1\n'.repeat(100)}related:\n${'  - quality: 1\n'.repeat(50)}`;
    const found = problems(article({ front }));
    expect(found).toHaveLength(101);
    expect(found.at(-1)?.message).toBe('and 50 more problems like these');
  });

  it('in NUL and surrogates written as escapes is cleaned', () => {
    const text = article({ front: 'excerpt: "a\\0b \\uD800"\nmood: "x\\0\\uDC00"\n' });
    expect(parsed(text)).toMatchObject({ excerpt: 'ab \ufffd', extra: { mood: 'x\ufffd' } });
  });

  it('cannot reach the prototype of anything', () => {
    expect(problems(article({ front: '__proto__:\n  polluted: true\n' }))).toMatchObject([
      { code: 'forbidden-key', line: 11 },
    ]);
    const odd = parsed(article({ front: 'constructor: {prototype: {polluted: true}}\ntoString: x\n' }));
    expect(odd.extra).toEqual({ constructor: { prototype: { polluted: true } }, toString: 'x' });
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('secured', () => {
  it.each([
    ['no IV', SECURED.split(';')[0]],
    ['a short IV', `${SECURED.split(';')[0]};AAAA`],
    ['no ciphertext', `;${SECURED.split(';')[1]}`],
    ['other characters', SECURED.replace('B', '*')],
    ['cut base64', SECURED.slice(1)],
    ['blanks', ` ${SECURED}`],
  ])('with %s is refused without being shown', (_, value) => {
    const found = problems(article({ front: `secured: "${value}"\n` }));
    expect(found).toMatchObject([{ code: 'bad-secured', field: 'secured', line: 11 }]);
    expect(found[0]).not.toHaveProperty('found');
    expect(JSON.stringify(found)).not.toContain(String(value).trim().slice(0, 20));
  });

  it('is shown nowhere, wherever it got to by mistake', () => {
    for (const front of [
      `secured: [${SECURED}]\n`,
      `secured:\n  ${SECURED}: 1\n`,
      `locale: "${SECURED}"\n`,
      `images: "${SECURED}"\n`,
      `images:\n  - url: "x:${SECURED}"\n`,
      `published: "${SECURED} and more"\n`,
    ]) {
      expect(JSON.stringify(problems(article({ front })))).not.toContain(SECURED.slice(0, 20));
    }
  });
});
