import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS as ENTRIES } from '../../src/commands/registry.js';
import { EXIT } from '../../src/commands/command.js';
import { OPTIONS } from '../../src/shared/config/options.js';
import { jsonSchemaOf, SCHEMA_NAMES } from '../../src/shared/events/json-schema.js';
import { eventType, EVENT_KINDS } from '../../src/shared/events/event.js';
import { SINK_DRIVERS } from '../../src/sinks/registry.js';
import { pages, read, root, section } from './pages.js';

const COMMANDS = await Promise.all(ENTRIES.map(({ load }) => load()));
const readme = read('README.md');
const all = pages().map(read).join('\n');

describe('what the docs take from the code', () => {
  it('is fresh: the table of flags and variables', () => {
    const check = spawnSync(process.execPath, [path.join(root, 'scripts/write-docs.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
    for (const { env } of OPTIONS) expect(section(readme, 'Settings')).toContain(`\`${env}\``);
  });

  it.each(SCHEMA_NAMES)('is fresh: schemas/%s.schema.json', (name) => {
    expect(read(`schemas/${name}.schema.json`)).toBe(`${JSON.stringify(jsonSchemaOf(name), null, 2)}\n`);
  });
});

describe('the README', () => {
  it.each(COMMANDS.map(({ name }) => name))('tells of the command %s', (name) => {
    expect(section(readme, 'Commands')).toMatch(new RegExp(`\`galley ${name}\\b`));
  });

  it('tells every exit code', () => {
    const told = /\*\*Exit codes\.\*\*(.*)/.exec(section(readme, 'Commands'))?.[1] ?? '';
    expect([...told.matchAll(/`(\d+)`/g)].map(([, code]) => Number(code)).toSorted((a, b) => a - b)).toEqual(
      Object.values(EXIT).toSorted((a, b) => a - b),
    );
  });

  it('shows the picture that npm run screenshots makes', () => {
    expect(readme).toContain('](docs/images/demo.png)');
  });
});

describe('the docs', () => {
  it('name no command that there is not, but among what is not there yet', () => {
    const known = new Set<string>(['COMMAND', ...COMMANDS.map(({ name }) => name)]);
    const text = all.replace(section(readme, 'What is not there yet'), '');
    const named = [...text.matchAll(/(?:`|npx |^|\| )galley ([a-z]+|COMMAND)\b/gm)].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('name no flag that there is not', () => {
    const flags = new Set([
      ...OPTIONS.map(({ flag, negated }) => `--${negated ? 'no-' : ''}${flag}`),
      ...COMMANDS.flatMap(({ flags = [] }) => flags.map(({ long }) => long ?? '')),
      '--config',
      '--json',
      '--help',
      '--version',
    ]);
    const lines = all
      .split('\n')
      .filter((line) => /\bgalley (?!-)/.test(line) && !/docker|npm run/.test(line));
    const named = lines.flatMap((line) =>
      [...line.matchAll(/(?<=[\s`])--[a-z][a-z-]*/g)].map(([flag]) => flag),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
  });

  it('tell of every kind of event and every sink on the page for consumers', () => {
    const page = read('docs/consume.md');
    for (const kind of EVENT_KINDS) expect(page).toContain(`\`${eventType(kind)}\``);
    for (const { usage, inEffect } of SINK_DRIVERS) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${usage}\``)) ?? '';
      expect(row).toContain(inEffect === 'once' ? '| once' : '| at least once');
    }
  });
});
