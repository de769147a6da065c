import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchemaOf, SCHEMA_NAMES } from '../../src/shared/events/json-schema.js';
import { freePort } from '../support/free-port.js';
import { article } from './articles.js';
import { startCommand, type Ended } from './command.js';
import { compile } from './event-rules.js';

let dir = '';

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'galley-e2e-'));
  mkdirSync(path.join(dir, 'inbox'));
  writeFileSync(path.join(dir, 'inbox', 'a.md'), article('usage'));
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function galley(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startCommand(args, { cwd: dir, env }).ended;
}

/** One line for people, no stack. */
function expectOneLine({ stdout, stderr }: Ended): void {
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
}

const CONFIG_WITH_TYPO = JSON.stringify({ namespce: 'x' });

const WRONG: readonly {
  readonly what: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: RegExp;
}[] = [
  { what: 'an unknown flag', args: ['ingest', 'inbox', '--sate', 'x'], says: /--sate.*--state/ },
  { what: 'an unknown command', args: ['ingets', 'inbox'], says: /ingets.*ingest/ },
  { what: 'no path', args: ['ingest'], says: /paths/ },
  { what: 'a path that is not there', args: ['ingest', 'nowhere'], says: /nowhere/ },
  { what: 'an unknown sink', args: ['ingest', 'inbox', '--sink', 'nope:x'], says: /nope:x.*ndjson/ },
  { what: 'a number that is none', args: ['run', '--port', 'abc'], says: /--port.*abc/ },
  {
    what: 'a host that none can be',
    args: ['ingest', 'inbox', '--allow-host', '127.0.0.1:99999'],
    says: /127\.0\.0\.1:99999/,
  },
  {
    what: 'two sinks of one name',
    args: ['ingest', 'inbox', '--sink', 'ndjson:a', '--sink', 'ndjson:b'],
    says: /two sinks.*ndjson/i,
  },
  {
    what: '--json together with stdout:',
    args: ['ingest', 'inbox', '--json', '--sink', 'stdout:'],
    says: /--json.*stdout:/,
  },
  {
    what: 'a sink inside the inbox',
    args: ['ingest', 'inbox', '--out', 'inbox/out.ndjson'],
    says: /inside the inbox/,
  },
  {
    what: 'a key that the config file may not have',
    args: ['check', 'inbox', '--config', 'typo.json'],
    says: /typo\.json.*namespce.*namespace/,
  },
  {
    what: 'a config file that is not there',
    args: ['check', 'inbox', '--config', 'none.json'],
    says: /none\.json/,
  },
  {
    what: 'an unknown variable',
    args: ['check', 'inbox'],
    env: { GALLEY_NAMESPCE: 'x' },
    says: /GALLEY_NAMESPCE.*GALLEY_NAMESPACE/,
  },
  { what: 'a wrong variable', args: ['check', 'inbox'], env: { GALLEY_PORT: '99999' }, says: /GALLEY_PORT/ },
  {
    what: 'an open address without a token',
    args: ['run', '--inbox', 'inbox', '--host', '0.0.0.0'],
    says: /0\.0\.0\.0.*GALLEY_TOKEN/,
  },
  { what: 'watch without a shared backend', args: ['watch', '--inbox', 'inbox'], says: /REDIS_URL/ },
  { what: 'work without a shared backend', args: ['work'], says: /REDIS_URL/ },
  {
    what: 'an unknown stage',
    args: ['work', '--only', 'validat'],
    env: { REDIS_URL: 'redis://127.0.0.1:1' },
    says: /validat.*validate/,
  },
  { what: 'an unknown kind of event', args: ['tail', '--type', 'creatd'], says: /creatd.*created/ },
  { what: 'an unknown schema', args: ['schema', 'recrod'], says: /recrod.*record/ },
];

describe('wrong usage', () => {
  it.each(WRONG)('ends with 64 and one line that names it: $what', async ({ args, env, says }) => {
    writeFileSync(path.join(dir, 'typo.json'), CONFIG_WITH_TYPO);

    const ended = await galley(args, env);

    expect(ended.stderr).toMatch(says);
    expectOneLine(ended);
    expect(ended.code).toBe(64);
    expect(readdirSync(dir).toSorted(), 'nothing is made for it').toEqual(['inbox', 'typo.json']);
  });
});

describe('right usage', () => {
  it('takes an empty variable for an unset one', async () => {
    const { code, stderr } = await galley(['check', 'inbox'], {
      GALLEY_PORT: '',
      REDIS_URL: '',
      GALLEY_CONFIG: '',
    });
    expect(code, stderr).toBe(0);
  });

  it('prints JSON Schemas that can be used', async () => {
    for (const name of SCHEMA_NAMES) {
      const { code, stdout } = await galley(['schema', name]);
      expect(code).toBe(0);
      const schema = JSON.parse(stdout) as object;
      expect(schema).toEqual(jsonSchemaOf(name));
      expect(() => compile(schema)).not.toThrow();
    }
  });

  it('shows every command with an example', async () => {
    const { code, stdout } = await galley(['--help']);
    expect(code).toBe(0);
    for (const command of [
      'run',
      'ingest',
      'watch',
      'work',
      'check',
      'inspect',
      'status',
      'tail',
      'rejected',
      'reset',
      'schema',
      'doctor',
    ]) {
      expect(stdout).toContain(`  ${command} `);
    }
    expect((await galley(['ingest', '--help'])).stdout).toMatch(/Example:\n {2}galley ingest/);
  });
});

// Each mostly waits, so they wait together.
describe.concurrent('a backend that is not there', () => {
  it.each([
    { what: 'Redis', variable: 'REDIS_URL', url: (port: number) => `redis://user:hidden@127.0.0.1:${port}` },
    {
      what: 'Postgres',
      variable: 'DATABASE_URL',
      url: (port: number) => `postgres://user:hidden@127.0.0.1:${port}/x`,
    },
  ])('ends with 1 and one line within 15 s: $what', async ({ variable, url }) => {
    const started = performance.now();
    const ended = await galley(['ingest', 'inbox', '--state', 'down'], { [variable]: url(await freePort()) });

    expect(performance.now() - started).toBeLessThan(15_000);
    expectOneLine(ended);
    expect(ended.stderr).toContain('127.0.0.1');
    expect(ended.stderr).not.toContain('hidden');
    expect(ended.code).toBe(1);
  });

  it('is named by doctor, with what else is wrong', async () => {
    const args = ['doctor', '--json', '--inbox', 'nowhere', '--out', 'inbox/a.md/out.ndjson'];
    const { code, stdout } = await galley(args, { REDIS_URL: `redis://127.0.0.1:${await freePort()}` });

    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; ok: boolean; says: string }[] };
    const failed = findings.filter(({ ok }) => !ok).map(({ check }) => check);
    expect(failed).toEqual(['inbox', 'backend', 'sink ndjson']);
    expect(findings.find(({ check }) => check === 'inbox')?.says).toContain('nowhere');
  });
});
