import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { article } from './articles.js';
import { BACKENDS, PATIENT, useBackend } from './backends.js';
import { CLI, type Ended } from './command.js';
import type { Site } from './site.js';

interface Bad {
  readonly content: string | Uint8Array;
  /** What the problem's line of `galley check` says behind the file's name. */
  readonly says: RegExp;
}

/** An article whose front matter is JSON. */
function jsonArticle(slug: string, title: string): string {
  const rest = `"publishedDateTime":"2026-03-04T05:06:07Z","webUrl":"https://gazette.example/${slug}"`;
  return `---json\n{"title":"${title}",${rest},"type":"article","provider":{"name":"The Gazette"},"topics":["Harbours"]}\n---\n`;
}

function inLanguage(language: string): string {
  return `---${language}\n{ title: require("fs").writeFileSync("owned-${language}", "x") }\n---\n`;
}

const ONLY_DATA = /^1: the front matter must be YAML or JSON/;

const BAD: Readonly<Record<string, Bad>> = {
  'empty.md': { content: '', says: /^1: the file is empty/ },
  'no-front-matter.md': { content: '# Hello\n\nJust text.\n', says: /^1: there is no front matter/ },
  'unclosed.md': { content: '---\ntitle: "x"\n', says: /^1: the front matter is not closed/ },
  'yaml-error.md': {
    content: article('yaml', { title: '"ok"\n  wrong: [1' }),
    says: /^3: the YAML cannot be read/,
  },
  'binary.md': {
    content: Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) % 256)),
    says: /^1: is a binary/,
  },
  'utf-16.md': { content: Buffer.from(`\ufeff${article('utf-16')}`, 'utf16le'), says: /^1: is UTF-16/ },
  'huge.md': {
    content: article('huge', {}, 'x'.repeat(5 << 20)),
    says: /^1: the file has 5\d{6} bytes; at most 1048576/,
  },
  'duplicate-key.md': {
    content: article('twice', { type: 'article\ntype: video' }),
    says: /^6: type: is given twice/,
  },
  'year-zero.md': {
    content: article('zero', { publishedDateTime: '"0000-00-00T00:00:00Z"' }),
    says: /^3: publishedDateTime: .*0000/,
  },
  'bare-zero.md': {
    content: article('zero', { publishedDateTime: '0000-00-00' }),
    says: /^3: publishedDateTime: .*0000/,
  },
  'year-9999.md': {
    content: article('late', { publishedDateTime: '9999-12-31T23:59:59Z' }),
    says: /^3: publishedDateTime: .*9999/,
  },
  'topics.md': {
    content: article('topics', { topics: '\n  - Topic'.repeat(10_000) }),
    says: /^9: topics: expected at most 100, found .*10000/,
  },
  'nul.md': { content: article('nul', { title: '"a\0b"' }), says: /^2: holds a NUL/ },
  'javascript.md': { content: inLanguage('js'), says: ONLY_DATA },
  'JavaScript-2.md': { content: inLanguage('JavaScript'), says: ONLY_DATA },
  'coffee.md': { content: inLanguage('coffee'), says: ONLY_DATA },
  'toml.md': { content: inLanguage('toml'), says: ONLY_DATA },
};

/** Odd, but nothing that a user would expect to lose. */
const ODD: Readonly<Record<string, string>> = {
  'bom.md': `\ufeff${article('bom')}`,
  'crlf.md': article('crlf').replaceAll('\n', '\r\n'),
  'surrogate.md': article('surrogate', { title: '"Lone \\ud800 sign"' }),
  'json-surrogate.md': jsonArticle('json-surrogate', 'Lone \\ud800 sign'),
  'good.md': article('good'),
};

function putAll(site: Site): void {
  for (const [name, { content }] of Object.entries(BAD)) site.put(name, content);
  for (const [name, content] of Object.entries(ODD)) site.put(name, content);
  mkdirSync(path.join(site.inbox, 'folder.md'));
  site.put('.hidden.md', 'not an article');
  site.put('editor.md~', 'not an article');
}

describe.each(BACKENDS)('bad input on %s', PATIENT, (name) => {
  const backend = useBackend(name);

  it('rejects each bad file with its reason and delivers what is beside it', async () => {
    const site = backend.site();
    putAll(site);

    const { code, summary, stderr } = await site.ingest();

    for (const bad of Object.keys(BAD)) expect(site.kinds(bad), bad).toEqual(['rejected']);
    for (const odd of Object.keys(ODD)) expect(site.kinds(odd), odd).toEqual(['created']);
    expect(site.count()).toBe(Object.keys(BAD).length + Object.keys(ODD).length);
    expect(summary).toMatchObject({
      rejected: Object.keys(BAD).length,
      delivered: Object.keys(ODD).length,
      failed: 0,
    });
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
    expect(readdirSync(site.dir).filter((file) => file.startsWith('owned'))).toEqual([]);
    expect(site.record('bom.md')?.title).toBe('Notes from the bom desk');
    for (const odd of ['surrogate.md', 'json-surrogate.md']) {
      expect(site.record(odd)?.title, odd).toMatch(/^Lone \ufffd sign$/);
    }
    if (name === 'embedded') expectChecked(await site.galley(['check', site.inbox]));
  });

  it.skipIf(name !== 'embedded' || !canRunAsNobody())(
    'rejects a file that it may not read, and takes the one beside it',
    async () => {
      const site = backend.site();
      chmodSync(site.put('secret.md', article('secret')), 0o000);
      site.put('open.md', article('open'));
      chownSync(site.dir, NOBODY, NOBODY);

      const { code, summary, stderr } = await site.ingest([], { uid: NOBODY, gid: NOBODY });

      expect(stderr).not.toMatch(/\n\s+at /);
      expect(site.kinds('secret.md')).toEqual(['rejected']);
      expect(JSON.stringify(site.events())).toMatch(/"code":"unreadable"/);
      expect(summary).toMatchObject({ rejected: 1, delivered: 1, failed: 0 });
      expect(code).toBe(2);
    },
  );
});

/** Each problem as `file:line: field: problem`, so that an editor can jump to it. */
function expectChecked({ code, stdout }: Ended): void {
  expect(code).toBe(1);
  const lines = stdout.split('\n');
  for (const [bad, { says }] of Object.entries(BAD)) {
    const start = `inbox/${bad}:`;
    const told = lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
    expect(
      told.some((line) => says.test(line)),
      `${bad}: ${told.join(' | ')}`,
    ).toBe(true);
  }
  for (const odd of Object.keys(ODD)) expect(stdout).not.toContain(`inbox/${odd}:`);
}

const NOBODY = 65_534;

/** Whether root runs the tests, where another user can run the command at all. */
function canRunAsNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  const tried = spawnSync(process.execPath, [CLI, '--version'], { uid: NOBODY, gid: NOBODY, cwd: '/' });
  if (tried.status === 0) return true;
  process.stderr.write('Skipped: another user cannot reach the command, so no file is unreadable to it.\n');
  return false;
}
