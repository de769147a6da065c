import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = path.join(root, 'samples');

const frontMatter = z.looseObject({
  type: z.string(),
  title: z.string().optional(),
  webUrl: z.string().optional(),
  publishedDateTime: z.string().optional(),
  images: z.array(z.looseObject({ url: z.string() })).default([]),
  related: z.array(z.unknown()).default([]),
});

const samples = readdirSync(folder).map((name) => {
  const [, head = '', body = ''] = readFileSync(path.join(folder, name), 'utf8').split(/^---$/m);
  return { name, body: body.trim(), ...frontMatter.parse(parse(head, { schema: 'core' })) };
});

/** Prints what `galley check` says about a path. */
function check(target: string) {
  return spawnSync(process.execPath, [path.join(root, 'dist/cli.js'), 'check', target], { encoding: 'utf8' });
}

describe('the samples', () => {
  it('are at least twelve, of every type, all from 2026', () => {
    expect(samples.length).toBeGreaterThanOrEqual(12);
    const types = new Set(samples.map(({ type }) => type));
    expect(types).toEqual(new Set(['article', 'video', 'download', 'course', 'collection']));
    for (const { publishedDateTime } of samples) expect(publishedDateTime ?? '2026').toMatch(/^2026/);
  });

  it('show what the pipeline has to deal with', () => {
    const having = (test: (sample: (typeof samples)[number]) => boolean) =>
      samples.filter(test).map(({ name }) => name);
    expect(having(({ images }) => images.length > 1)).toContain('harbour-ferry.md');
    expect(having(({ images }) => images.some(({ url }) => url.startsWith('/')))).not.toEqual([]);
    expect(having(({ images }) => images.length === 0)).not.toEqual([]);
    expect(having(({ related }) => related.length > 0)).not.toEqual([]);
    expect(having(({ title }) => title?.includes('&#39;') === true)).not.toEqual([]);
    expect(having(({ body }) => body.startsWith('## '))).not.toEqual([]);
  });

  it('have one article in two files, of which the later is the correction', () => {
    const [first, corrected] = ['harbour-ferry.md', 'harbour-ferry-corrected.md'].map((wanted) =>
      samples.find(({ name }) => name === wanted),
    );
    expect(first?.webUrl).toBe(corrected?.webUrl);
    expect(Date.parse(corrected?.publishedDateTime ?? '')).toBeGreaterThan(
      Date.parse(first?.publishedDateTime ?? ''),
    );
  });

  it('are valid but for the one that is there to be rejected', () => {
    const { status, stdout, stderr } = check(folder);
    const told = `${stdout}${stderr}`;
    expect(status).toBe(1);
    const named = samples.filter(({ name }) => told.includes(name)).map(({ name }) => name);
    expect(named).toEqual(['not-yet-finished.md']);
    for (const field of ['title', 'publishedDateTime', 'webUrl']) expect(told).toContain(field);
  });
});
