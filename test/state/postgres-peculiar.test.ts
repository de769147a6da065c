import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresStateStore } from '../../src/shared/state/postgres/store.js';
import { accepted } from '../contracts/commit-inputs.js';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.js';

describe('state on Postgres, what is peculiar to it', () => {
  let server: PostgresServer | undefined;
  let pool = new pg.Pool();

  beforeAll(async () => {
    server = await startPostgresServer();
    pool = new pg.Pool(server.connection);
  });
  afterAll(async () => {
    await pool.end();
    await server?.stop();
  });

  test('two namespaces share one pool, which stays open when a store is closed', async () => {
    const one = await openPostgresStateStore({ pool, namespace: 'one' });
    const two = await openPostgresStateStore({ pool, namespace: 'one-two' });
    await one.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
    await one.close();
    await two.commit([accepted({ key: 'inbox/b.md', number: 1 })]);
    expect((await two.sources(['inbox/a.md', 'inbox/b.md'])).get('inbox/a.md')).toBeNull();
    const schemas = await pool.query("select nspname from pg_namespace where nspname like 'one%' order by 1");
    expect(schemas.rows).toEqual([{ nspname: 'one' }, { nspname: 'one$two' }]);
  });

  test('leaves the setting for flushing as it is on the connections it was lent', async () => {
    const store = await openPostgresStateStore({ pool, namespace: 'flush', synchronousCommit: 'off' });
    await store.commit([accepted({ key: 'inbox/a.md', number: await store.nextNumbers(1) })]);
    expect((await store.logExtent()).last).toBe(1);
    const clients = await Promise.all([pool.connect(), pool.connect()]);
    for (const client of clients) {
      const { rows } = await client.query('show synchronous_commit');
      expect(rows).toEqual([{ synchronous_commit: 'on' }]);
      client.release();
    }
  });

  test('takes a key with NUL and a lone surrogate, as it can keep it', async () => {
    const store = await openPostgresStateStore({ pool, namespace: 'dirty' });
    const key = 'inbox/\0 \ud800.md';
    await store.commit([accepted({ key, number: 1, article: 'X' })]);
    expect((await store.sources([key])).get(key)).toMatchObject({ number: 1, articleId: 'X' });
    expect(await store.commit([accepted({ key, number: 1, article: 'X' })])).toEqual([{ kind: 'stale' }]);
    await store.putBlob('f', 'a\0b');
    expect(await store.blob('f')).toBe('a\ufffdb');
  });

  test('a text that was put more than a day ago is gone', async () => {
    const store = await openPostgresStateStore({ pool, namespace: 'blobs' });
    await store.putBlob('old', 'text');
    await pool.query('update blobs.blobs set at = at - 25 * 3600 * 1000');
    expect(await store.blob('old')).toBeNull();
    await store.putBlob('new', 'text');
    expect((await pool.query('select fingerprint from blobs.blobs')).rows).toEqual([{ fingerprint: 'new' }]);
  });

  test('the log keeps its times in order when the clock was set back', async () => {
    const store = await openPostgresStateStore({ pool, namespace: 'clock' });
    const ahead = Date.now() + 3_600_000;
    await pool.query('update clock.head set time = $1', [ahead]);
    await store.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
    expect((await store.readLog(0, 1))[0]?.time).toBe(ahead);
  });

  test('a server that does not answer is a state store error, with the reason', async () => {
    const connection = { host: '/nonexistent', user: 'nobody', database: 'none' };
    await expect(openPostgresStateStore({ connection, namespace: 'x' })).rejects.toMatchObject({
      code: 'GALLEY_STATE_STORE',
      retryable: true,
      message: expect.stringContaining('opening the state') as string,
    });
  });
});
