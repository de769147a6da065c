import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEmbedded, type EmbeddedServer } from '../../src/queues/backends/embedded/open.js';
import { startOwner, type OwnerProcess } from './owner-process.js';
import { query, scratchFolder, serverPid, serversBelow, silent, until } from './scratch.js';

async function open(stateDir: string): Promise<EmbeddedServer> {
  const server = await openEmbedded({ stateDir, role: 'run', log: silent });
  onTestFinished(() => server.stop());
  return server;
}

function owner(stateDir: string): OwnerProcess {
  const started = startOwner(stateDir, 'run');
  onTestFinished(() => started.kill());
  return started;
}

// These look at processes through /proc.
describe.runIf(process.platform === 'linux')('after a kill', () => {
  test('of the owner its server is gone at once, and the next start takes over', async () => {
    const stateDir = scratchFolder();
    const dead = owner(stateDir);
    const started = await dead.started;
    if (!started.ok) throw new Error(started.message);
    await query(started.connection, 'create table kept as select generate_series(1, 20000) as n');
    expect(await serversBelow(stateDir)).not.toEqual([]);

    await dead.kill();
    const killed = performance.now();
    await until('the server to end', async () => (await serversBelow(stateDir)).length === 0, 5_000);
    const gone = performance.now();
    // 0.1 s on a machine at rest; the figure below tells, this only catches a server that waits for something.
    expect(gone - killed).toBeLessThan(2_000);
    expect(existsSync(path.join(stateDir, 'owner.json'))).toBe(true);

    const next = await open(stateDir);
    const ready = performance.now();
    expect(next).toMatchObject({ firstStart: false, tookOver: true });
    expect(await query(next.connection, 'select count(*)::int as n from kept')).toEqual([{ n: 20_000 }]);
    expect(existsSync(started.connection.host)).toBe(false);
    process.stdout.write(
      `embedded: server gone ${Math.round(gone - killed)} ms after kill -9 of node, next start ${Math.round(ready - gone)} ms\n`,
    );
  });

  test('of the owner a start at the very same moment takes over', async () => {
    const stateDir = scratchFolder();
    for (let round = 0; round < 3; round++) {
      const dead = owner(stateDir);
      await dead.started;
      await dead.kill();
    }
    expect(await open(stateDir)).toMatchObject({ tookOver: true });
  });

  test('of the server’s main process the next start recovers', async () => {
    const stateDir = scratchFolder();
    const dead = owner(stateDir);
    const started = await dead.started;
    if (!started.ok) throw new Error(started.message);
    await query(started.connection, 'create table kept as select 1 as n');
    process.kill(await serverPid(stateDir), 'SIGKILL');
    await dead.kill();

    const begin = performance.now();
    const next = await open(stateDir);
    process.stdout.write(
      `embedded: start after kill -9 of postgres ${Math.round(performance.now() - begin)} ms\n`,
    );
    expect(await query(next.connection, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  test('of owner and watchdog the server that lives on is stopped by the next owner', async () => {
    const stateDir = scratchFolder();
    const dead = owner(stateDir);
    await dead.started;
    const server = await serverPid(stateDir);
    for (const watchdog of await watchdogsOf(server)) process.kill(watchdog, 'SIGKILL');
    await dead.kill();
    expect(await serversBelow(stateDir)).toContain(server);

    await open(stateDir);
    expect(await serverPid(stateDir)).not.toBe(server);
    expect(await serversBelow(stateDir)).not.toContain(server);
  });

  test('at any moment of a first start the next start is whole', async () => {
    const stateDir = scratchFolder();
    for (const ms of [60, 150, 250, 400, 600, 900]) {
      const dead = startOwner(stateDir, 'run');
      await pause(ms);
      await dead.kill();
    }
    const server = await open(stateDir);
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await until(
      'what the killed ones left to end',
      async () => (await serversBelow(stateDir)).every((pid) => pid > 0) && (await initdbs(stateDir)) === 0,
    );
    await server.stop();
    await (await open(stateDir)).stop();
    expect(await readdir(path.join(stateDir, 'postgres'))).toEqual(['data']);
  });

  test('an owner file cut short by the crash is taken over', async () => {
    const stateDir = scratchFolder();
    await writeFile(path.join(stateDir, 'owner.json'), '{"token":"abc","proc');
    expect(await open(stateDir)).toMatchObject({ tookOver: true });
  });

  test('an owner file that names another process with the same number is taken over', async () => {
    const stateDir = scratchFolder();
    const first = await openEmbedded({ stateDir, role: 'run', log: silent });
    const file = path.join(stateDir, 'owner.json');
    const text = await readFile(file, 'utf8');
    await first.stop();
    await writeFile(file, text.replace(/"startTime":"\d+"/, '"startTime":"1"'));
    expect(await open(stateDir)).toMatchObject({ tookOver: true });
  });

  test('an owner in a container that is gone is taken over once it shows no life', async () => {
    const stateDir = scratchFolder();
    const first = await openEmbedded({ stateDir, role: 'run', log: silent });
    const file = path.join(stateDir, 'owner.json');
    const text = await readFile(file, 'utf8');
    await first.stop();
    await writeFile(file, text.replace(/"pidSpace":"[^"]*"/, '"pidSpace":"pid:[1]"'));
    expect(await open(stateDir)).toMatchObject({ tookOver: true });
  });
});

test.runIf(process.platform === 'linux')('a Ctrl-C in the terminal does not reach the server', async () => {
  const stateDir = scratchFolder();
  const server = await open(stateDir);
  const pid = await serverPid(stateDir);
  const groupOf = async (id: number) =>
    (await readFile(`/proc/${id}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2];
  expect(await groupOf(pid)).not.toBe(await groupOf(process.pid));
  expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
});

async function initdbs(stateDir: string): Promise<number> {
  const names = await Promise.all(
    (await serversBelow(stateDir)).map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')),
  );
  return names.filter((name) => name.trim() === 'initdb').length;
}

/** The shells that watch over a server: its parent, and that one's other children. */
async function watchdogsOf(server: number): Promise<number[]> {
  const [parent] = await pids(['-o', 'ppid=', '-p', String(server)]);
  if (parent === undefined) throw new Error('The server has no parent.');
  const children = await pids(['-o', 'pid=', '--ppid', String(parent)]);
  return [...children.filter((pid) => pid !== server), parent];
}

async function pids(words: readonly string[]): Promise<number[]> {
  const child = spawn('ps', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return text.split(/\s+/).filter(Boolean).map(Number);
}
