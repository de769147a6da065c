import path from 'node:path';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  compareMachines,
  isAlive,
  startTimeOfStat,
  thisProcess,
} from '../../src/queues/backends/embedded/liveness.js';
import {
  formatServerOwner,
  parseServerOwner,
  parseServerPid,
} from '../../src/queues/backends/embedded/leftover.js';
import { findUser } from '../../src/queues/backends/embedded/server-user.js';
import { removeSocketFolder, socketParent } from '../../src/queues/backends/embedded/socket-folder.js';
import { scratchFolder } from './scratch.js';

describe('a process', () => {
  const stat = (name: string, state: string) =>
    `4242 (${name}) ${state} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21`;

  test('is known by its start time, whatever its name', () => {
    expect(startTimeOfStat(stat('node', 'S'))).toBe('987654');
    expect(startTimeOfStat(stat('a) S (b', 'R'))).toBe('987654');
  });

  test('that only waits to be reaped has ended', () => {
    expect(startTimeOfStat(stat('node', 'Z'))).toBe('ended');
  });

  test('with our number and another start time is not us', async () => {
    const me = await thisProcess();
    expect(await isAlive(me)).toBe(true);
    if (me.startTime !== null) expect(await isAlive({ ...me, startTime: '1' })).toBe(false);
  });
});

describe('a process number', () => {
  const mine = { host: 'a', boot: 'b1', pidSpace: 'p1' };

  test.each([
    ['same', mine],
    ['same', { ...mine, host: 'renamed' }],
    ['before-reboot', { ...mine, boot: 'b0' }],
    ['elsewhere', { ...mine, pidSpace: 'p2' }],
    ['elsewhere', { host: 'other', boot: 'b9', pidSpace: 'p1' }],
    ['elsewhere', { host: 'other', boot: null, pidSpace: null }],
  ] as const)('counts as %s', (expected, other) => {
    expect(compareMachines(mine, other)).toBe(expected);
  });
});

describe('what Postgres leaves in its folder', () => {
  test('tells the owner again, in any words', () => {
    const owner = { process: { pid: 77, startTime: 'Wed Nov 25 00:00:00 2026' }, role: 'run "x":y' };
    const options = `/bin/postgres "-D" "/data" "-c" "port=5432" "-c" "galley.owner=${formatServerOwner(owner)}"\n`;
    expect(parseServerOwner(options)).toEqual(owner);
  });

  test('of another Postgres tells no owner', () => {
    expect(parseServerOwner('/bin/postgres "-D" "/data"\n')).toBeNull();
    expect(parseServerOwner('')).toBeNull();
  });

  test('names a server, or a single-user one', () => {
    expect(parseServerPid('123\n/data\n')).toBe(123);
    expect(parseServerPid('-123\n/data\n')).toBe(123);
    expect(parseServerPid('')).toBeNull();
    expect(parseServerPid('garbage')).toBeNull();
  });
});

test('a user is found by name, with the ids of macOS made positive', () => {
  const passwd =
    'root:x:0:0:root:/root:/bin/sh\nnobody:*:-2:-2:Nobody:/:/bin/false\npostgres:x:26:27::/:/bin/sh\n';
  expect(findUser(passwd, 'postgres')).toEqual({ uid: 26, gid: 27, name: 'postgres' });
  expect(findUser(passwd, 'nobody')).toMatchObject({ uid: 4_294_967_294 });
  expect(findUser(passwd, 'none')).toBeNull();
});

describe('a socket folder', () => {
  test('is made in /tmp where the temporary folder has too long a path', () => {
    expect(socketParent('/var/tmp')).toBe('/var/tmp');
    expect(socketParent(`/var/${'x'.repeat(80)}`)).toBe('/tmp');
  });

  test('is removed only if it has the name of one', async () => {
    const folder = scratchFolder();
    const ours = path.join(folder, 'galley-pg-0123abcd');
    const others = path.join(folder, 'galley-pg-other');
    await mkdir(ours);
    await mkdir(others);
    await removeSocketFolder(ours);
    await removeSocketFolder(others);
    expect([existsSync(ours), existsSync(others)]).toEqual([false, true]);
  });
});
