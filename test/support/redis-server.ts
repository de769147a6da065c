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
  /** Kills the server and starts another on the same port and data. `pid` stays that of the first. */
  restart(): Promise<void>;
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
  // prettier-ignore
  const args = [
    '--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '',
    '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...extra,
  ];
  let server = await startProcess(binary, args, port).catch(async (error: unknown) => {
    await rm(dir, { recursive: true, force: true });
    throw error;
  });
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    pid: server.pid,
    async restart() {
      await server.kill();
      server = await startProcess(binary, args, port);
    },
    async stop() {
      await server.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A server that answers. */
async function startProcess(
  binary: string,
  args: readonly string[],
  port: number,
): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const child = spawn(binary, args, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await untilAnswers(port, child);
  } catch (error) {
    await kill();
    throw error;
  }
  return { pid: child.pid ?? 0, kill };
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
