import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Backend } from '../../src/queues/backends/contract.js';
import { openEmbeddedBackend } from '../../src/queues/backends/embedded.js';
import { openRedisBackend } from '../../src/queues/backends/redis.js';
import { redisWanted, startRedisServer } from './redis-server.js';

/** A running server for the tests of one file. */
export interface TestServer {
  /** Connections of its own to a namespace, as a process has them. The caller closes it. */
  open(namespace: string): Promise<Backend>;
  stop(): Promise<void>;
}

export interface TestBackend {
  readonly name: string;
  readonly start: () => Promise<TestServer>;
}

/** A log that nobody reads. */
export const silent = pino({ level: 'silent' });

/** The backends that can be started here. */
export const TEST_BACKENDS: readonly TestBackend[] = [
  ...(redisWanted() ? [{ name: 'Redis', start: startRedis }] : []),
  { name: 'the embedded server', start: startEmbedded },
];

async function startRedis(): Promise<TestServer> {
  const server = await startRedisServer();
  return {
    open: (namespace) => openRedisBackend({ url: server.url, namespace, log: silent }),
    stop: () => server.stop(),
  };
}

async function startEmbedded(): Promise<TestServer> {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'galley-workers-'));
  const open = (mode: 'own' | 'join', namespace: string) =>
    openEmbeddedBackend({ stateDir, role: 'test', mode, namespace, log: silent });
  const owner = await open('own', 'owner');
  return {
    open: (namespace) => open('join', namespace),
    async stop() {
      await owner.close();
      await rm(stateDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
