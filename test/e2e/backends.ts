import { rmSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { redisWanted, startRedisServer, type RedisServer } from '../support/redis-server.js';
import { openSite, type Site } from './site.js';

export type BackendName = 'embedded' | 'redis';

/** Starts and ends of processes take long on a machine that is busy. Milliseconds. */
export const PATIENT = { timeout: 120_000 } as const;

/** Backends that the tests of the command run on here. */
export const BACKENDS: readonly BackendName[] = redisWanted() ? ['embedded', 'redis'] : ['embedded'];

export interface TestBackend {
  readonly name: BackendName;
  /** A pipeline of its own: folders, and on Redis a namespace. Closed behind the tests of this block. */
  site(): Site;
  /** The server of the tests on Redis. */
  redis(): RedisServer;
}

/** Readies a backend for the tests of a `describe` block, and closes all behind them. */
export function useBackend(name: BackendName): TestBackend {
  let server: RedisServer | null = null;
  const sites: Site[] = [];
  const redis = (): RedisServer => {
    if (server === null) throw new Error('This block has no Redis.');
    return server;
  };
  beforeAll(async () => {
    if (name === 'redis') server = await startRedisServer();
  });
  afterAll(async () => {
    try {
      await Promise.all(sites.map((site) => site.stop()));
    } finally {
      await server?.stop();
    }
    // What breaks a rule keeps its folder.
    for (const site of sites) site.checkEvents();
    for (const { dir } of sites) rmSync(dir, { recursive: true, force: true, maxRetries: 20 });
  }, 60_000);
  return {
    name,
    redis,
    site() {
      const env: Record<string, string> =
        name === 'redis' ? { REDIS_URL: redis().url, GALLEY_NAMESPACE: `site${sites.length}` } : {};
      const site = openSite(env);
      sites.push(site);
      return site;
    },
  };
}
