import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventSchema } from '../../src/shared/events/event.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('npm run demo, on a machine without Redis', () => {
  let demo: SpawnSyncReturns<string>;
  let lines: string[] = [];

  beforeAll(() => {
    demo = spawnSync(process.execPath, ['scripts/demo.mjs'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, REDIS_URL: '', DATABASE_URL: '', COLUMNS: '80' },
    });
    lines = demo.stdout.split('\n');
  }, 120_000);

  const row = (start: string) => lines.find((line) => line.startsWith(`│ ${start}`)) ?? '';

  it('ends well, and says nothing on standard error', () => {
    expect(demo.stderr).toBe('');
    expect(demo.status).toBe(0);
  });

  it('fits 80 columns and, off a terminal, has no colour', () => {
    expect(stripVTControlCharacters(demo.stdout)).toBe(demo.stdout);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('shows an article created, one updated, one superseded and one rejected', () => {
    expect(row('Casting a bell')).toContain('created');
    expect(row('Hydrogen ferry')).toContain('updated');
    expect(row('harbour-ferry.md')).toContain('superseded');
    expect(row('not-yet-finished.md')).toContain('rejected');
  });

  it('counts good and bad pictures, and says why they are bad', () => {
    expect(row('Hydrogen ferry')).toContain('3 ok');
    expect(row('Night recorders')).toContain('1 ok, 2 bad');
    expect(row('Council note')).toContain('none');
    expect(demo.stdout).toMatch(/owl-at-dusk\.jpg .*: truncated/);
    expect(demo.stdout).toMatch(/owl-map\.jpg .*: status-4xx/);
  });

  it('leaves valid events where it says that they are', () => {
    const file = /^Records: (\S+)/m.exec(demo.stdout)?.[1] ?? '';
    const events = readFileSync(path.join(root, file), 'utf8').trimEnd().split('\n');
    for (const event of events) eventSchema.parse(JSON.parse(event));
    expect(new Set(events.map((event) => eventSchema.parse(JSON.parse(event)).id)).size).toBe(events.length);
  });
});
