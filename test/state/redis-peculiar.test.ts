import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRedisStateStore } from '../../src/shared/state/redis/store.js';
import { accepted } from '../contracts/commit-inputs.js';
import { freePort } from '../support/free-port.js';
import { redisWanted, startRedisServer, type RedisServer } from '../support/redis-server.js';

/** A cluster of one node, which refuses a script over keys of several slots as a large one does. */
async function startClusterNode(): Promise<RedisServer> {
  // A node that knows no address of its own tells clients none. Its bus would else be at the port + 10000.
  const bus = String(await freePort());
  const announced = ['--cluster-announce-ip', '127.0.0.1', '--cluster-port', bus];
  const node = await startRedisServer(['--cluster-enabled', 'yes', ...announced]);
  const admin = new Redis(node.url);
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await vi.waitFor(async () => expect(await admin.call('CLUSTER', 'INFO')).toContain('state:ok'), 10_000);
  admin.disconnect();
  return node;
}

describe.skipIf(!redisWanted())('state on Redis, what is peculiar to it', () => {
  let server: RedisServer | undefined;
  let client = new Redis({ lazyConnect: true });

  beforeAll(async () => {
    server = await startRedisServer();
    client = new Redis(server.url, { maxRetriesPerRequest: null });
  });
  afterAll(async () => {
    client.disconnect();
    await server?.stop();
  });

  test('commits after the server has forgotten its scripts', async () => {
    const store = await openRedisStateStore({ client, namespace: 'flush' });
    await store.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
    await client.script('FLUSH');
    await store.commit([accepted({ key: 'inbox/b.md', number: 1 })]);
    expect((await store.logExtent()).last).toBe(2);
  });

  test('two namespaces share one client, which stays open when a store is closed', async () => {
    const one = await openRedisStateStore({ client, namespace: 'one' });
    const two = await openRedisStateStore({ client, namespace: 'two' });
    await one.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
    await one.close();
    expect(await two.counts()).toEqual({ articles: 0, sources: 0, rejected: 0 });
  });

  test('all keys stand under one hash tag and go with a reset', async () => {
    const store = await openRedisStateStore({ client, namespace: 'ta[g]' });
    await client.set('{tag:state}:meta', 'not ours');
    await store.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
    await store.registerSink('ndjson');
    await store.addDeadLetter({
      sink: 'ndjson',
      number: 1,
      eventId: 'e',
      articleId: 'X',
      subject: 'a.md',
      reason: 'no',
    });
    await store.putBlob('f', 'text');
    const prefix = '{ta[g]:state}:';
    const ours = async () => (await client.keys('*')).filter((key) => key.includes('ta[g]'));
    expect((await ours()).every((key) => key.startsWith(prefix))).toBe(true);
    expect(await client.ttl(`${prefix}blob:f`)).toBeGreaterThan(23 * 3600);
    await store.reset();
    expect(await ours()).toEqual([]);
    expect(await client.get('{tag:state}:meta')).toBe('not ours');
  });

  test('the log keeps its times in order when the clock was set back', async () => {
    const store = await openRedisStateStore({ client, namespace: 'clock' });
    const ahead = Date.now() + 3_600_000;
    await client.hset('{clock:state}:meta', 'time', ahead);
    await store.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
    expect((await store.readLog(0, 1))[0]?.time).toBe(ahead);
  });

  test('numbers beyond 32 bits keep all their digits', async () => {
    const store = await openRedisStateStore({ client, namespace: 'large' });
    await store.skipLogTo(900_719_925_474_000);
    await store.commit([accepted({ key: 'inbox/a.md', number: 1, article: 'X' })]);
    expect(await store.logExtent()).toEqual({ first: 900_719_925_474_001, last: 900_719_925_474_001 });
    expect((await store.article('X'))?.sequence).toBe(900_719_925_474_001);
    expect((await store.readLog(900_719_925_474_000, 5))[0]?.number).toBe(900_719_925_474_001);
  });

  test('works on a cluster', async () => {
    const node = await startClusterNode();
    const admin = new Redis(node.url);
    const cluster = new Cluster([{ host: '127.0.0.1', port: node.port }]);
    try {
      const store = await openRedisStateStore({ client: cluster, namespace: 'site' });
      await store.commit([
        accepted({ key: 'inbox/a.md', number: 1 }),
        accepted({ key: 'inbox/b.md', number: 1 }),
      ]);
      await store.leaseSink('ndjson');
      await store.trimLog({ keepDelivered: 1, maxEntries: 1, maxAgeMs: 1e9 });
      await store.putBlob('f', 'text');
      expect(await store.logExtent()).toEqual({ first: 2, last: 2 });
      await store.reset();
      expect(await admin.keys('*')).toEqual([]);
    } finally {
      cluster.disconnect();
      admin.disconnect();
      await node.stop();
    }
  });
});
