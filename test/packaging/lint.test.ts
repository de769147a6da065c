import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A file that the lint must refuse with this rule, or accept where there is none. */
interface Planted {
  readonly title: string;
  readonly file: string;
  readonly text: string;
  readonly rule?: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const oneWay = 'eslint(no-restricted-imports)';
const uses = (module: string) => `import { thing } from '${module}';\nexport const used = thing;\n`;

const neighbours = [
  'cli.ts',
  'commands/check.ts',
  'pipeline.ts',
  'watcher/scan.ts',
  'workers/validate.ts',
  'sinks/ndjson.ts',
  'sinks/contract.ts',
  'dashboard/server.ts',
  'queues/names.ts',
  'shared/fetch/fetch.ts',
  'shared/state/contract.ts',
];

const layers: readonly Planted[] = [
  ['a pipeline that imports the command', 'pipeline/start.ts', '../cli.js'],
  ['a watcher that imports the pipeline', 'watcher/bad.ts', '../pipeline.js'],
  ['a watcher that imports a sink', 'watcher/sink.ts', '../sinks/ndjson.js'],
  ['a worker that imports the dashboard', 'workers/bad.ts', '../dashboard/server.js'],
  ['a sink that imports a worker', 'sinks/bad.ts', '../workers/validate.js'],
  ['a dashboard page that imports a command', 'dashboard/pages/bad.ts', '../../commands/check.js'],
  ['a queue that imports a worker', 'queues/bad.ts', '../workers/validate.js'],
  ['a backend that imports a sink', 'queues/backends/bad.ts', '../../sinks/ndjson.js'],
  ['shared code that imports a queue', 'shared/state/bad.ts', '../../queues/names.js'],
  ['scoring that imports the file system', 'shared/scoring/files.ts', 'node:fs'],
  ['a schema that imports the file system by its old name', 'shared/record/files.ts', 'fs'],
  ['an id that imports an HTTP client', 'shared/article/client.ts', 'undici'],
  ['an event that imports the fetch', 'shared/events/fetch.ts', '../fetch/fetch.js'],
  ['scoring that imports a worker', 'shared/scoring/worker.ts', '../../workers/validate.js'],
  ['process.env imported by name', 'queues/env.ts', 'node:process'],
].map(([title = '', file = '', module = '']) => ({
  title,
  file,
  text: uses(module).replaceAll('thing', module === 'node:process' ? 'env' : 'thing'),
  rule: oneWay,
}));

const single: readonly Planted[] = [
  {
    title: 'a promise that nobody awaits',
    file: 'workers/floating.ts',
    text: 'async function wait(): Promise<void> {\n  await Promise.resolve();\n}\nexport function start(): void {\n  wait();\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    title: 'any',
    file: 'workers/any.ts',
    text: 'export const payload: any = 1;\n',
    rule: 'typescript(no-explicit-any)',
  },
  {
    title: 'any that comes in by JSON.parse',
    file: 'workers/parsed.ts',
    text: 'export function id(text: string): string {\n  return JSON.parse(text).id;\n}\n',
    rule: 'typescript(no-unsafe-member-access)',
  },
  {
    title: 'a non-null assertion',
    file: 'workers/non-null.ts',
    text: 'export function name(given?: string): string {\n  return given!;\n}\n',
    rule: 'typescript(no-non-null-assertion)',
  },
  {
    title: 'a cycle of type imports',
    file: 'workers/cycle-a.ts',
    text: "import type { B } from './cycle-b.js';\nexport interface A {\n  b: B;\n}\n",
    rule: 'import(no-cycle)',
  },
  {
    title: 'the other half of that cycle',
    file: 'workers/cycle-b.ts',
    text: "import type { A } from './cycle-a.js';\nexport interface B {\n  a: A;\n}\n",
    rule: 'import(no-cycle)',
  },
  {
    title: 'an import that is not used',
    file: 'workers/unused.ts',
    text: "import { thing } from '../queues/names.js';\nexport const one = 1;\n",
    rule: 'eslint(no-unused-vars)',
  },
  {
    title: 'a switch that forgets a case',
    file: 'workers/switch.ts',
    text: "export function points(kind: 'a' | 'b'): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 0;\n}\n",
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    title: 'process.env outside the configuration',
    file: 'queues/process-env.ts',
    text: 'export const home = process.env.HOME;\n',
    rule: 'node(no-process-env)',
  },
  {
    title: 'process.env taken apart',
    file: 'queues/destructured.ts',
    text: 'export const { env } = process;\n',
    rule: 'eslint(no-restricted-properties)',
  },
  {
    title: 'scoring that looks at the clock',
    file: 'shared/scoring/clock.ts',
    text: 'export const now = (): number => Date.now();\n',
    rule: 'eslint(no-restricted-properties)',
  },
  {
    title: 'a schema that fetches',
    file: 'shared/record/fetches.ts',
    text: "export const get = (): Promise<Response> => fetch('https://example.com');\n",
    rule: 'eslint(no-restricted-globals)',
  },
  {
    title: 'printing outside the commands',
    file: 'workers/print.ts',
    text: "console.log('done');\nexport const one = 1;\n",
    rule: 'eslint(no-console)',
  },
];

const allowed: readonly Planted[] = [
  {
    title: 'process.env in the configuration',
    file: 'shared/config/environment.ts',
    text: 'export const home = process.env.HOME;\n',
  },
  { title: 'a worker that imports a queue', file: 'workers/queue.ts', text: uses('../queues/names.js') },
  {
    title: 'a worker that imports the contract of sinks',
    file: 'workers/sink.ts',
    text: "import type { Thing } from '../sinks/contract.js';\nexport type Taken = Thing;\n",
  },
  {
    title: 'a record that names a type of the state',
    file: 'shared/record/state.ts',
    text: "import type { Thing } from '../state/contract.js';\nexport type Row = Thing;\n",
  },
  {
    title: 'an id that hashes',
    file: 'shared/article/hash.ts',
    text: "import { createHash } from 'node:crypto';\nexport const hash = createHash;\n",
  },
];

describe('the lint', () => {
  let folder = '';
  const found = new Map<string, string[]>();

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'galley-lint-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      copyFileSync(path.join(root, file), path.join(folder, file));
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const plant = (file: string, text: string) => {
      const target = path.join(folder, 'src', file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, text);
    };
    for (const file of neighbours) plant(file, 'export const thing = 1;\nexport type Thing = number;\n');
    for (const { file, text } of [...layers, ...single, ...allowed]) plant(file, text);
    for (const { filename, code } of lint(folder))
      found.set(filename, [...(found.get(filename) ?? []), code]);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([...layers, ...single])('refuses $title', ({ file, rule }) => {
    expect(found.get(`src/${file}`) ?? []).toContain(rule);
  });

  it.each(allowed)('accepts $title', ({ file }) => {
    expect(found.get(`src/${file}`)).toBeUndefined();
  });
});

/** What oxlint, with the project's own rules, has to say about `src` in this folder. */
function lint(folder: string): { filename: string; code: string }[] {
  const oxlint = path.join(root, 'node_modules/.bin/oxlint');
  const run = spawnSync(oxlint, ['--type-aware', '--format=json', 'src'], { cwd: folder, encoding: 'utf8' });
  const report = JSON.parse(run.stdout) as { diagnostics: { filename: string; code: string }[] };
  return report.diagnostics;
}
