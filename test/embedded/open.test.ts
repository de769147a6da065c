import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { joinEmbedded, openEmbedded, type EmbeddedServer } from '../../src/queues/backends/embedded/open.js';
import {
  EmbeddedServerError,
  StateFolderOwnedError,
  StateVersionError,
} from '../../src/shared/errors/errors.js';
import { startOwner } from './owner-process.js';
import { query, scratchFolder, serverPid, serversBelow, silent, until } from './scratch.js';

async function open(stateDir: string, role = 'run'): Promise<EmbeddedServer> {
  const server = await openEmbedded({ stateDir, role, log: silent });
  onTestFinished(() => server.stop());
  return server;
}

async function join(stateDir: string, role = 'status'): Promise<EmbeddedServer> {
  const server = await joinEmbedded({ stateDir, role, log: silent });
  onTestFinished(() => server.stop());
  return server;
}

const asRoot = process.getuid?.() === 0;

describe('the embedded server', () => {
  test('starts on a folder that is not there yet, and again on what it made', async () => {
    const stateDir = path.join(scratchFolder(), 'a', 'state');
    const begin = performance.now();
    const first = await open(stateDir);
    const made = performance.now();
    expect(first).toMatchObject({ firstStart: true, tookOver: false });
    await query(first.connection, 'create table kept (n int)');
    const used = performance.now();
    await first.stop();
    const stopped = performance.now();
    expect(existsSync(path.join(stateDir, 'owner.json'))).toBe(false);
    expect(existsSync(first.connection.host)).toBe(false);

    const again = performance.now();
    const second = await open(stateDir);
    const ready = performance.now();
    expect(second).toMatchObject({ firstStart: false, tookOver: false });
    expect(await query(second.connection, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
    process.stdout.write(
      `embedded: first start ${Math.round(made - begin)} ms, stop ${Math.round(stopped - used)} ms, later start ${Math.round(ready - again)} ms\n`,
    );
  });

  test('keeps text as UTF-8 in byte order, writes through to disk, and listens on no port', async () => {
    const server = await open(scratchFolder());
    const [row] = await query(
      server.connection,
      `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
              current_setting('jit') as jit, current_setting('listen_addresses') as addresses,
              (select datcollate from pg_database where datname = current_database()) as collation`,
    );
    expect(row).toEqual({ encoding: 'UTF8', fsync: 'on', jit: 'off', addresses: '', collation: 'C' });
    expect((await stat(server.connection.host)).mode & 0o777).toBe(0o700);
  });

  test('starts below a path too long for a socket, with spaces and quotes in it', async () => {
    const stateDir = path.join(scratchFolder(), 'd'.repeat(120), `it's "so" $HOME état`);
    const server = await open(stateDir);
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('can be stopped twice, and after the server has died', async () => {
    const stateDir = scratchFolder();
    const lost: EmbeddedServerError[] = [];
    const server = await openEmbedded({
      stateDir,
      role: 'run',
      log: silent,
      onLost: (error) => lost.push(error),
    });
    process.kill(await serverPid(stateDir), 'SIGKILL');
    await until('the loss to be told', () => Promise.resolve(lost.length === 1));
    await server.stop();
    await server.stop();
    expect(existsSync(path.join(stateDir, 'owner.json'))).toBe(false);

    const next = await open(stateDir);
    expect(await query(next.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('does not report a loss when it is stopped', async () => {
    const lost: EmbeddedServerError[] = [];
    const server = await openEmbedded({
      stateDir: scratchFolder(),
      role: 'run',
      log: silent,
      onLost: (error) => lost.push(error),
    });
    await server.stop();
    expect(lost).toEqual([]);
  });
});

describe('a state folder', () => {
  test('is refused to a second owner, by its name', async () => {
    const stateDir = scratchFolder();
    await open(stateDir);
    const begin = performance.now();
    const refused = await openEmbedded({ stateDir, role: 'ingest', log: silent }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(StateFolderOwnedError);
    expect(String(refused)).toContain(stateDir);
    expect(String(refused)).toContain("'galley run'");
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  test('goes to exactly one of several that claim it at once', async () => {
    const stateDir = scratchFolder();
    const owners = Array.from({ length: 4 }, (_, index) => startOwner(stateDir, `run${index}`));
    onTestFinished(() => Promise.all(owners.map((owner) => owner.stop())).then(() => undefined));
    const started = await Promise.all(owners.map((owner) => owner.started));
    expect(started.filter(({ ok }) => ok)).toHaveLength(1);
    const refusals = started.flatMap((other) => (other.ok ? [] : [other.name]));
    expect(new Set(refusals)).toEqual(new Set(['StateFolderOwnedError']));
  });

  test('is shared by commands that join the running owner', async () => {
    const stateDir = scratchFolder();
    const owner = await open(stateDir);
    await query(owner.connection, 'create table seen as select 7 as n');
    const guest = await join(stateDir);
    expect(guest).toMatchObject({ firstStart: false, tookOver: false });
    expect(await query(guest.connection, 'select n from seen')).toEqual([{ n: 7 }]);
    await guest.stop();
    expect(await query(owner.connection, 'select n from seen')).toEqual([{ n: 7 }]);
  });

  test('is opened by a joining command itself where nobody runs', async () => {
    const stateDir = scratchFolder();
    const guest = await join(stateDir);
    expect(guest.firstStart).toBe(true);
    await guest.stop();
    expect(await serversBelow(stateDir)).toEqual([]);
    expect((await join(stateDir)).firstStart).toBe(false);
  });

  test('is waited for while a short-lived command has it', async () => {
    const stateDir = scratchFolder();
    const guest = await join(stateDir);
    const opening = open(stateDir);
    await guest.stop();
    expect(await opening).toMatchObject({ tookOver: false });
  });

  test('is not waited for longer than asked', async () => {
    const stateDir = scratchFolder();
    await join(stateDir, 'tail');
    const options = { stateDir, role: 'run', log: silent, waitForShortLivedMs: 100 };
    await expect(openEmbedded(options)).rejects.toThrow(StateFolderOwnedError);
  });

  test('is refused when its data is of another major version of PostgreSQL', async () => {
    const stateDir = scratchFolder();
    await (await open(stateDir)).stop();
    await writeFile(path.join(stateDir, 'postgres', 'data', 'PG_VERSION'), '16\n');
    const refused = await openEmbedded({ stateDir, role: 'run', log: silent }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(StateVersionError);
    expect(String(refused)).toMatch(/PostgreSQL 16.*PostgreSQL \d+.*--state/s);
    expect(existsSync(path.join(stateDir, 'owner.json'))).toBe(false);
  });

  test('with a half-made data folder gets a whole one', async () => {
    const stateDir = scratchFolder();
    const data = path.join(stateDir, 'postgres', 'data');
    await mkdir(path.join(data, 'base'), { recursive: true });
    await writeFile(path.join(data, 'PG_VERSION'), '18\n');
    await mkdir(path.join(stateDir, 'postgres', 'making-abcdef'));
    const server = await open(stateDir);
    expect(server.firstStart).toBe(true);
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await readdir(path.join(stateDir, 'postgres'))).toEqual(['data']);
  });

  test('with a stale lock file that names a living stranger starts', async () => {
    const stateDir = scratchFolder();
    await (await open(stateDir)).stop();
    const file = path.join(stateDir, 'postgres', 'data', 'postmaster.pid');
    await writeFile(file, `${process.pid}\n${path.dirname(file)}\n1\n5432\n\n\n1 1\nready\n`);
    const server = await open(stateDir);
    expect(await serverPid(stateDir)).not.toBe(process.pid);
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('with an empty lock file, as a crash leaves it, starts', async () => {
    const stateDir = scratchFolder();
    await (await open(stateDir)).stop();
    await writeFile(path.join(stateDir, 'postgres', 'data', 'postmaster.pid'), '');
    expect(await open(stateDir)).toMatchObject({ firstStart: false });
  });

  test('whose owner file was removed by hand is refused while its server serves a living owner', async () => {
    const stateDir = scratchFolder();
    const owner = startOwner(stateDir, 'run');
    onTestFinished(() => owner.stop().then(() => undefined));
    await owner.started;
    await rm(path.join(stateDir, 'owner.json'));
    const refused = await openEmbedded({ stateDir, role: 'ingest', log: silent }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(StateFolderOwnedError);
    expect(refused).toMatchObject({ ownerPid: owner.pid, folder: stateDir });
  });

  test('that cannot be started tells the last lines of the server', async () => {
    const stateDir = scratchFolder();
    await (await open(stateDir)).stop();
    await rm(path.join(stateDir, 'postgres', 'data', 'global', 'pg_control'));
    const failed = await openEmbedded({ stateDir, role: 'run', log: silent }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(EmbeddedServerError);
    expect(String(failed)).toContain('pg_control');
    expect(existsSync(path.join(stateDir, 'owner.json'))).toBe(false);
  });
});

describe.runIf(asRoot)('as root', () => {
  test('keeps the permissions of folders above the state and gives away only what is the server’s', async () => {
    const folder = scratchFolder();
    const stateDir = path.join(folder, 'state');
    await mkdir(stateDir, { mode: 0o700 });
    await open(stateDir);
    for (const above of [folder, stateDir]) {
      expect(await stat(above)).toMatchObject({ uid: 0, mode: 0o40700 });
    }
    expect((await stat(path.join(stateDir, 'postgres'))).uid).toBe(0);
    expect((await stat(path.join(stateDir, 'postgres', 'data'))).uid).not.toBe(0);
  });

  test.runIf(process.platform === 'linux')(
    'starts below a folder that only root may pass, also where that right cannot be passed on',
    async () => {
      const stateDir = scratchFolder();
      const limited = ['setpriv', '--bounding-set', '-dac_read_search'];
      const owner = startOwner(stateDir, 'run', 'open', {}, limited);
      onTestFinished(() => owner.kill());
      expect(await owner.started).toMatchObject({ ok: true, firstStart: true });
      await owner.kill();

      // Its server works in the folder under another name, and is known all the same.
      const next = startOwner(stateDir, 'run', 'open', {}, limited);
      onTestFinished(() => next.kill());
      expect(await next.started).toMatchObject({ ok: true, firstStart: false, tookOver: true });
      expect(await next.stop()).toBe(0);
    },
  );

  test('opens a state folder that was copied, so that all of it belongs to root', async () => {
    const stateDir = scratchFolder();
    await (await open(stateDir)).stop();
    const data = path.join(stateDir, 'postgres', 'data');
    for (const entry of await readdir(data, { recursive: true })) await chown(path.join(data, entry), 0, 0);
    await chown(data, 0, 0);
    const server = await open(stateDir);
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('looks into the state folder of an ordinary user without taking it from him', async () => {
    const stateDir = scratchFolder();
    const nobody = { uid: 65_534, gid: 65_534 };
    await chown(stateDir, nobody.uid, nobody.gid);
    const owner = startOwner(stateDir, 'run', 'open', nobody);
    onTestFinished(() => owner.kill());
    expect(await owner.started).toMatchObject({ ok: true, firstStart: true });
    expect(await owner.stop()).toBe(0);

    await (await join(stateDir)).stop();

    const again = startOwner(stateDir, 'run', 'open', nobody);
    onTestFinished(() => again.kill());
    expect(await again.started).toMatchObject({ ok: true, firstStart: false });
    expect(await again.stop()).toBe(0);
  });

  test('says whose a state folder is to an ordinary user who may not read it', async () => {
    const stateDir = scratchFolder();
    await (await open(stateDir)).stop();
    await chmod(stateDir, 0o777);
    const other = startOwner(stateDir, 'run', 'open', { uid: 65_534, gid: 65_534 });
    onTestFinished(() => other.kill());
    const started = await other.started;
    expect(started).toMatchObject({ ok: false, name: 'EmbeddedServerError' });
    expect(started.ok ? '' : started.message).toMatch(/another user.*--state/s);
  });
});

test('what the owner file tells is readable and holds no password', async () => {
  const stateDir = scratchFolder();
  await open(stateDir);
  const text = await readFile(path.join(stateDir, 'owner.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ role: 'run', process: { pid: process.pid }, shortLived: false });
  expect(text).not.toContain('password');
});
