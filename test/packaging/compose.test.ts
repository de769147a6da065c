import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));
const composeFile = path.join(root, 'docker-compose.yml');

/** What this test looks at; the whole file is held against the Compose schema by the linter. */
const serviceSchema = z.looseObject({
  build: z.string().optional(),
  image: z.string(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  healthcheck: z.looseObject({ test: z.array(z.string()) }),
});
const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.unknown()),
});

const { services, volumes } = composeSchema.parse(parse(readFileSync(composeFile, 'utf8'), { merge: true }));
const roles = ['watch', 'work', 'dashboard'] as const;
const service = (name: string) => serviceSchema.parse(services[name]);

/** The text that `galley COMMAND --help` prints. */
function help(...command: string[]): string {
  return execFileSync(process.execPath, [path.join(root, 'dist/cli.js'), ...command, '--help'], {
    encoding: 'utf8',
  });
}

describe('docker-compose.yml', () => {
  it('is what the Compose schema wants', () => {
    // Quiet: its warnings want keys in an order of their own, and this file is ordered for its reader.
    const linter = path.join(path.dirname(require.resolve('dclint/package.json')), 'bin/dclint.cjs');
    const run = spawnSync(process.execPath, [linter, '--quiet', composeFile], { encoding: 'utf8' });
    expect((run.stdout + run.stderr).trim()).toBe('');
    expect(run.status).toBe(0);
  });

  it('runs each role as a service of its own, all from one image', () => {
    const built = Object.entries(services).filter(([, { build }]) => build !== undefined);
    expect(built.map(([name]) => name).sort()).toEqual([...roles].sort());
    expect(new Set(built.map(([, { image }]) => image))).toEqual(new Set(['galley']));
    expect(built.map(([name, { command }]) => [name, command[0]])).toEqual(
      built.map(([name]) => [name, name]),
    );
  });

  it('has a health check for each service', () => {
    for (const { healthcheck } of Object.values(services)) expect(healthcheck.test[0]).toBe('CMD');
  });

  it('keeps Redis on disk and lets it evict nothing', () => {
    const command = service('redis').command.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(service('redis').volumes).toEqual(['redis:/data']);
  });

  it('gives the inbox to the watcher alone, and read-only', () => {
    const inboxes = Object.entries(services).flatMap(([name, { volumes: mounts }]) =>
      mounts.filter((mount) => mount.includes('/inbox')).map((mount) => [name, mount]),
    );
    expect(inboxes).toEqual([['watch', './inbox:/inbox:ro']]);
  });

  it('declares each named volume that it mounts', () => {
    const named = Object.values(services).flatMap(({ volumes: mounts }) =>
      mounts.map((mount) => mount.slice(0, mount.indexOf(':'))).filter((name) => !name.startsWith('.')),
    );
    expect(new Set(named)).toEqual(new Set(Object.keys(volumes)));
  });

  it('does not start a dashboard on all addresses without a token, and publishes it on loopback only', () => {
    expect(service('dashboard').command).toContain('0.0.0.0');
    expect(service('dashboard').environment.GALLEY_TOKEN).toMatch(/^\$\{GALLEY_TOKEN:\?/);
    expect(service('dashboard').ports).toEqual(['127.0.0.1:3080:3080']);
  });

  describe('against the command', () => {
    let commands = '';
    beforeAll(() => {
      commands = help();
    });

    it.each(roles)('uses the command %s and flags that it has', (role) => {
      expect(commands).toMatch(new RegExp(`^\\s+${role}\\b`, 'm'));
      const text = help(role);
      const flags = service(role).command.filter((part) => part.startsWith('--'));
      for (const flag of flags) expect(text).toMatch(new RegExp(`${flag}\\b`));
    });

    it('checks the health of the roles without a port with a command and flag that exist', () => {
      const [, , , command = '', flag = ''] = service('work').healthcheck.test;
      expect(commands).toMatch(new RegExp(`^\\s+${command}\\b`, 'm'));
      expect(help(command)).toContain(flag);
    });
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');

  it('ends as a user without rights, on the Node that package.json asks for, with a health check', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(last).toMatch(/^FROM node:20-slim$/m);
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK /m);
  });

  it('copies only what .dockerignore lets in', () => {
    const allowed = readFileSync(path.join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied.sort()).toEqual(allowed.sort());
  });
});
