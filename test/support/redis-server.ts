import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 10_000;

/** The server's command on this machine; null where there is none. */
export function redisBinary(): string | null {
  const found = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  return found ?? null;
}

/**
 * Whether the tests on Redis run here. Without a server they are skipped, unless GALLEY_TEST_REDIS=require: then the
 * first of them fails.
 */
export function redisWanted(): boolean {
  if (redisBinary() !== null || process.env['GALLEY_TEST_REDIS'] === 'require') return true;
  process.stderr.write('Skipped the tests on Redis: no redis-server or valkey-server on the PATH.\n');
  return false;
}

/** A private server on a free port, set up as Galley wants one: appendonly, noeviction. */
export async function startRedisServer(extra: readonly string[] = []): Promise<RedisServer> {
  const binary = redisBinary();
  if (binary === null) {
    throw new Error(
      'No redis-server or valkey-server on the PATH, and GALLEY_TEST_REDIS=require asks for one.',
    );
  }
  const dir = await mkdtemp(path.join(tmpdir(), 'galley-redis-'));
  const port = await freePort();
  const child = spawn(
    binary,
    // prettier-ignore
    [
      '--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '',
      '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...extra,
    ],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilAnswers(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}/0`, port, pid: child.pid ?? 0, stop };
}

async function untilAnswers(port: number, child: ChildProcess): Promise<void> {
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  const deadline = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The test's Redis ended with ${code}.`)));
    child.once('error', reject);
    setTimeout(() => reject(new Error("The test's Redis does not answer.")), START_DEADLINE_MS).unref();
  });
  try {
    await Promise.race([client.ping(), deadline]);
  } finally {
    client.disconnect();
  }
}
