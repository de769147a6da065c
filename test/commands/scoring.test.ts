import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scoringProfileSchema } from '../../src/shared/scoring/profile.js';

const command = path.resolve('dist/cli.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'galley-scoring-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function galley(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return name;
}

const article = (title: string, more = ''): string => `---
title: "${title}"
excerpt: The council has agreed to build a bridge between the two halves of the old town.
publishedDateTime: 2026-03-01T08:00:00Z
webUrl: https://harbour.example/${title.length}
provider:
  name: The Harbour Post
  domain: harbour.example
topics: [Shipping]
images:
  - url: https://pictures.invalid/a.jpg
    width: 1200
    height: 675
${more}---
`;

describe('galley score', () => {
  it('shows the sum line by line, with pictures as declared', () => {
    const { code, out } = galley('score', write('a.md', article('Shipping is back')));
    expect(code).toBe(0);
    expect(out).toContain('quality 37\n');
    expect(out).toMatch(/^ +15 {2}topics: The title names its topic 'Shipping'\.$/m);
    expect(out).toMatch(/^ +20 {2}picture: It has a picture \(declared, not reached yet\)\.$/m);
  });

  it('scores with the profile that is named, and prints one object', () => {
    const profile = write('p.json', '{"name": "mine", "publishThreshold": 40, "picture": {"fit": 30}}');
    const file = write('a.md', article('Shipping is back', 'quality: 12\n'));
    const { code, out } = galley('score', file, '--profile', profile, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      file: 'a.md',
      quality: 47,
      heat: 47,
      published: true,
      publishThreshold: 40,
      scores: { profile: 'mine', declared: { quality: 12 } },
    });
  });

  it('tells the problems of a file that is no article, exit 1', () => {
    const file = write('bad.md', '---\ntitle: ""\n---\n');
    const { code, out } = galley('score', file);
    expect(code).toBe(1);
    expect(out).toMatch(/^bad\.md:2: title: /m);
    const { problems } = JSON.parse(galley('score', file, '--json').out) as { problems: unknown[] };
    expect(problems.length).toBeGreaterThan(1);
  });

  it.each([
    [['score', 'none.md'], /^galley: There is nothing at none\.md\.\n$/],
    [['score', '.'], /^galley: \. is a folder; .+\n$/],
    [
      ['score', 'a.md', '--profile', 'p.json'],
      /^galley: p\.json: title\.perStpe: .+ did you mean perStep\?\n$/,
    ],
  ])('%j is wrong usage, told in one line', (args, line) => {
    write('a.md', article('Shipping is back'));
    write('p.json', '{"title": {"perStpe": 1}}');
    const { code, err } = galley(...args);
    expect(code).toBe(64);
    expect(err).toMatch(line);
  });
});

describe('galley calibrate', () => {
  function writeScored(count: number): void {
    for (let n = 0; n < count; n++) {
      const title = `${n % 2 ? 'Shipping' : 'Boats'} ${'x'.repeat(n)}`;
      write(`in/${n}.md`, article(title, `quality: ${n % 2 ? 75 : 40}\npublished: ${n % 2 === 1}\n`));
    }
    write('in/unscored.md', article('Boats'));
    write('in/deep/bad.md', 'no front matter');
  }

  it('fits files that carry quality, reports on halves, and writes a profile that score takes', () => {
    writeScored(30);
    const { code, out, err } = galley('calibrate', 'in', '--out', 'profile.json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('30 files carry a quality, 1 do not, 1 are invalid\n');
    expect(out).toContain('Fitted to 15 files, measured on the other 15 (seed 1):');
    expect(out).toMatch(/all files .*: rho 1\.000, AUC 1\.000, published alike 1\.000/);
    const profile = scoringProfileSchema.parse(
      JSON.parse(readFileSync(path.join(folder, 'profile.json'), 'utf8')),
    );
    expect(profile.topics.namedInTitle).toBe(35);
    const scored = galley('score', 'in/1.md', '--profile', 'profile.json', '--json');
    expect(JSON.parse(scored.out)).toMatchObject({ quality: 75, published: true });
  });

  it('prints one object, the same for the same seed', () => {
    writeScored(24);
    const once = galley('calibrate', 'in', '--json', '--seed', '7').out;
    expect(galley('calibrate', 'in', '--json', '--seed', '7').out).toBe(once);
    expect(JSON.parse(once)).toMatchObject({
      scored: 24,
      unscored: 1,
      invalid: 1,
      seed: 7,
      mostCommonProvider: 'harbour.example',
      profile: { name: 'calibrated' },
    });
  });

  it('says when there are too few, exit 1', () => {
    writeScored(5);
    const { code, out } = galley('calibrate', 'in');
    expect(code).toBe(1);
    expect(out).toContain('at least 20');
  });

  it.each([
    [['--seed', 'x'], /--seed/],
    [['--out', 'in/none/p.json'], /--out: in\/none\/p\.json cannot be written/],
  ])('%j is wrong usage', (args, line) => {
    writeScored(20);
    const { code, err } = galley('calibrate', 'in', ...args);
    expect(code).toBe(64);
    expect(err).toMatch(line);
  });
});
