import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readFrontMatter } from '../../src/shared/article/front-matter.js';
import type { Problem } from '../../src/shared/article/problem.js';
import { article, SECURED } from '../fixtures/article/articles.js';

function read(text: string) {
  const front = readFrontMatter(text);
  if (!front.ok) throw new Error(JSON.stringify(front.problems));
  return front;
}

function problems(text: string): Problem[] {
  const front = readFrontMatter(text);
  if (front.ok) throw new Error(`was taken: ${JSON.stringify(front.data)}`);
  return front.problems;
}

const data = (yaml: string): unknown => read(`---\n${yaml}\n---\n`).data;

describe('the two delimiter lines', () => {
  it('take front matter and body apart', () => {
    expect(read('---\na: 1\n---\n\nText\n\n---\n\nmore\n')).toMatchObject({
      data: { a: 1 },
      body: '\nText\n\n---\n\nmore\n',
    });
    expect(read('---\na: 1\n---')).toMatchObject({ data: { a: 1 }, body: '' });
    expect(read('---\n---\n')).toMatchObject({ data: {} });
    expect(read('---  \na: 1\n---\t\nx')).toMatchObject({ data: { a: 1 }, body: 'x' });
  });

  it('may end in CRLF or CR and follow a byte order mark', () => {
    expect(read('\ufeff---\r\na: 1\r\nb: x\r\n---\r\none\r\ntwo')).toMatchObject({
      data: { a: 1, b: 'x' },
      body: 'one\ntwo',
    });
    expect(read('---\ra: 1\r---\rone')).toMatchObject({ data: { a: 1 }, body: 'one' });
  });

  it.each([
    ['', 'empty', 1],
    [' \n\n', 'empty', 1],
    ['# Hello\n\nJust text.\n', 'no-front-matter', 1],
    ['\n---\na: 1\n---\n', 'no-front-matter', 1],
    ['----\na: 1\n----\n', 'no-front-matter', 1],
    ['---\ntitle: "x"\n', 'unclosed', 1],
    ['---', 'unclosed', 1],
    ['---\ntitle: x\n ---\n', 'unclosed', 1],
    ['---\ntitle: x\n---more\n---\n', 'delimiter', 3],
    ['---\ntitle: x\n----\n', 'delimiter', 3],
    [`---\n${'a: x\n'.repeat(60_000)}---\n`, 'too-large', 1],
    [`---\na: 1\n${'\n'.repeat(100_000)}---\n`, 'too-large', 1],
  ])('%j is refused as %s on line %i', (text, code, line) => {
    expect(problems(text)).toMatchObject([{ code, line }]);
  });

  it('says what to do about lines before the front matter', () => {
    expect(problems('\n---\na: 1\n---\n')[0]?.message).toContain('first line');
  });
});

describe('languages', () => {
  it('are YAML and JSON', () => {
    expect(read('---yaml\na: 1\n---\n').data).toEqual({ a: 1 });
    expect(read('--- yml\na: 1\n---\n').data).toEqual({ a: 1 });
    expect(read('---json\n{"a": [1, "x"],\n\t"b": null}\n---\n').data).toEqual({ a: [1, 'x'], b: null });
  });

  it.each([
    'js',
    'javascript',
    'JS',
    'coffee',
    'coffeescript',
    'cson',
    'json5',
    'toml',
    'constructor',
    '__proto__',
  ])('are not %s, which is never run', (language) => {
    const text = `---${language}\n{ title: (globalThis.galleyRan = true) }\n---\n`;
    expect(problems(text)).toMatchObject([{ code: 'language', line: 1 }]);
    expect('galleyRan' in globalThis).toBe(false);
  });

  it('have their mistakes on their lines', () => {
    expect(problems('---json\n{"a": 1,\n "b": }\n---\n')).toMatchObject([{ code: 'json', line: 3 }]);
    expect(problems('---json\n{"a": 1,\n "a": 2}\n---\n')).toMatchObject([
      { code: 'duplicate-key', field: 'a', line: 3 },
    ]);
  });
});

describe('YAML', () => {
  it('keeps as text what a number or a date would change', () => {
    const text = [
      '2026-02-31', '0000-00-00', '2020-12-03T18:20:00Z', '12:30', '1:2:3', '007', '0x1F', '0o17', '0b1', '1_000',
      '+5', '.5', '5.', '.inf', '-.inf', '.nan', '12345678901234567890', '0.12345678901234567', '1e999', 'no',
      'off', 'yes', 'on', 'y',
    ]; // prettier-ignore
    expect(
      data(
        text
          .map((value) => `- ${value}`)
          .join('\n')
          .replace(/^/gm, '  ')
          .replace(/^/, 'a:\n'),
      ),
    ).toEqual({
      a: text,
    });
  });

  it('reads numbers, booleans and null as JSON has them', () => {
    expect(data('a: [0, -0, 12, -3, 4.71393, 1.50, 1e3, -2.5E-3]\nb: [true, False, ~, null]\nc:')).toEqual({
      a: [0, 0, 12, -3, 4.71393, 1.5, 1000, -0.0025],
      b: [true, false, null, null],
      c: null,
    });
  });

  it('takes a few anchors and aliases, and text that looks like them', () => {
    expect(data('a: &x [1]\nb: *x\nc: "a *bold* & !word"\nd: Q&A')).toEqual({
      a: [1],
      b: [1],
      c: 'a *bold* & !word',
      d: 'Q&A',
    });
  });

  it('refuses an alias bomb at once', () => {
    const bomb = 'bcdefghij'
      .split('')
      .map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdefghi'[i]}`).join(',')}]`);
    const found = problems(`---\na: &a [x,x,x,x,x,x,x,x,x,x]\n${bomb.join('\n')}\n---\n`);
    expect(found).toMatchObject([{ code: 'too-many' }]);
  });

  it('refuses an alias of itself', () => {
    expect(problems('---\na: &a [*a]\n---\n')).not.toHaveLength(0);
  });

  it.each([
    ['brackets', `a: ${'['.repeat(5000)}`],
    ['closed brackets', `a: ${'['.repeat(100)}${']'.repeat(100)}`],
    ['dashes', `a:\n  ${'- '.repeat(50_000)}x`],
    ['braces', `a: ${'{a: '.repeat(30)}1${'}'.repeat(30)}`],
    ['lines', Array.from({ length: 30 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('refuses nesting beyond measure: %s', (_, yaml) => {
    expect(problems(`---\n${yaml}\n---\n`).length).toBeGreaterThan(0);
  });

  it.each([
    ['title: "x\nurl: [', 'yaml', [2, 3]],
    ['a: 1\n\tb: 2', 'yaml', [3]],
    ['a: b: c', 'yaml', [2]],
    ['a: 1\nb: *nowhere', 'yaml', [3]],
    ['a: !!js/function "x"', 'yaml', [2]],
    ['a: !thing x', 'yaml', [2]],
    ['a: 1\nb\nc: 2', 'yaml', [3]],
    ['a: @x', 'yaml', [2]],
    ['a: "\\q"', 'yaml', [2]],
    ['a: 1\nb: x\u0007y', 'yaml', [3]],
    ['? [a, b]\n: 1', 'yaml', [2]],
    ['a: 1\n...\nb: 2', 'yaml', [3, 4]],
    ['- a\n- b', 'wrong-type', [2]],
    ['just text', 'wrong-type', [2]],
    ['base: {a: 1}\n<<: {b: 2}', 'forbidden-key', [3]],
    ['a:\n  - b: 1\n    __proto__: {polluted: true}', 'forbidden-key', [4]],
  ])('%j is refused as %s on its line', (yaml, code, lines) => {
    const found = problems(`---\n${yaml}\n---\n`);
    expect(found[0]?.code).toBe(code);
    expect(lines).toContain(found[0]?.line);
    expect({}).not.toHaveProperty('polluted');
  });

  it('names every duplicate key with both lines', () => {
    const found = problems('---\na: 1\nb:\n  - c: 1\n    c: 2\na: 2\n---\n');
    expect(found).toMatchObject([
      {
        code: 'duplicate-key',
        field: 'b[0].c',
        line: 5,
        message: 'is given twice, first on line 4: keep one',
      },
      { code: 'duplicate-key', field: 'a', line: 6, message: 'is given twice, first on line 2: keep one' },
    ]);
  });

  it('never quotes what the file holds in a message about its form', () => {
    for (const broken of [
      `secured: *${SECURED}`,
      `secured: !${SECURED} x`,
      `secured: "${SECURED}`,
      `secured: ${SECURED}: x`,
      `a: 1\na: 2\nsecured: %${SECURED}`,
      `secured: "\\q${SECURED}"`,
      `${SECURED}: 1\n${SECURED}: 2`,
      `secured: &${SECURED} x\n  y: ]`,
    ]) {
      const said = JSON.stringify(problems(`---\n${broken}\n---\n`));
      expect(said).not.toContain(SECURED.slice(0, 20));
    }
  });

  it('drops NUL and lone surrogates that are written as escapes, names of fields included', () => {
    expect(data('a: "x\\0y\\uD800z"\n"b\\0": ["\\uD83D\\uDE00"]')).toEqual({ a: 'xy\ufffdz', b: ['😀'] });
  });

  it('finds the line of any field, or of the nearest there is', () => {
    const front = read(
      '---\ntitle: x\n\nimages:\n  - url: a\n  - url: b\n    width: 1\nprovider:\n  name: y\n---\n',
    );
    expect(front.lineOf(['title'])).toBe(2);
    expect(front.lineOf(['images', 1, 'width'])).toBe(7);
    expect(front.lineOf(['images', 1, 'height'])).toBe(6);
    expect(front.lineOf(['provider', 'domain'])).toBe(8);
    expect(front.lineOf(['nothing'])).toBe(1);
  });

  it('does not hand the same object out twice', () => {
    const text = article();
    expect(read(text).data).not.toBe(read(text).data);
    const broken = '---\na: [\n---\n';
    expect(problems(broken)).toEqual(problems(broken));
  });
});

describe('input made to take long', () => {
  it.each([
    ['many keys, one twice', `${Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`).join('\n')}\nk1: 2`],
    ['open brackets', '['.repeat(200_000)],
    ['open quotes', `"${"'".repeat(200_000)}`],
    ['dashes', '- '.repeat(100_000)],
    ['question marks', '? '.repeat(100_000)],
    ['anchors', '&a '.repeat(60_000)],
    ['aliases', `a: &a x\nb: [${'*a,'.repeat(60_000)}]`],
    ['colons', ':'.repeat(200_000)],
    ['blanks', `a: x${' '.repeat(200_000)}y`],
    ['comments', '#\n'.repeat(100_000)],
    ['blank lines in runs', `${'\n'.repeat(250)}a`.repeat(900)],
  ])('is done with in a moment: %s', (_, yaml) => {
    const start = process.cpuUsage();
    readFrontMatter(`---\n${yaml}\n---\n`);
    const { user, system } = process.cpuUsage(start);
    // A square of these sizes takes tens of seconds; a slow machine does not.
    expect(user + system).toBeLessThan(5_000_000);
  });
});

describe('nesting that would end the process', () => {
  // V8 aborts when a pattern is first used where the stack runs out: only a fresh process shows it.
  it.each([
    ['brackets', `a: ${'['.repeat(5000)}`],
    ['brackets behind a mistake', `b: *x: y\na: ${'['.repeat(5000)}`],
    ['dashes', `a: 1\na: 2\nb:\n  ${'- '.repeat(50_000)}x`],
  ])('is a problem of the file like any other: %s', (_, yaml) => {
    const start = process.memoryUsage().rss;
    const found = problems(`---\n${yaml}\n---\n`);
    expect(found).toHaveLength(1);
    expect(process.memoryUsage().rss - start).toBeLessThan(200 * 1024 * 1024);
  });
});

describe('gray-matter', () => {
  it('is called in one place only, with its engines off and without its cache', () => {
    const folder = new URL('../../src/shared/article/', import.meta.url);
    const users = readdirSync(folder).filter((file) =>
      readFileSync(new URL(file, folder), 'utf8').includes("'gray-matter'"),
    );
    expect(users).toEqual(['split.ts']);
  });
});
