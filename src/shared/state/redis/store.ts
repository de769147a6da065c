import { randomBytes } from 'node:crypto';
import { StateStoreError } from '../../errors/errors.js';
import { commitBatch } from '../commit.js';
import type { Change, CommitPort, CommitTransaction, StateStore } from '../contract.js';
import { guardStore, type Unguarded } from '../guard.js';
import { checkSchemaVersion } from '../schema-version.js';
import { storeCall } from '../store-call.js';
import { commitArguments } from './commit-arguments.js';
import { stateKeys, type StateKeys } from './keys.js';
import { redisLog } from './log.js';
import { parseArticle, parseSource } from './rows.js';
import { scanArticles, scanRejected, scanSources, unlinkAll } from './scan.js';
import { defineScripts, type RedisClient, type StateScripts } from './scripts.js';
import { redisSinks } from './sinks.js';

/** Version of the keys and values as they are written here; raised when an older Galley could not read them. */
const SCHEMA_VERSION = 1;
/** A blob is needed until its job is done; jobs that wait longer are read again from the file by the next scan. */
const BLOB_SECONDS = 24 * 60 * 60;

/**
 * The state on Redis, Valkey or Dragonfly (6.2 or newer): hashes for the rows, a stream for the log, all under one
 * hash tag. A commit reads its rows, decides, and applies in one script that looks whether the rows are still so.
 *
 * The client is the caller's: `close` leaves it open. It must not have a `keyPrefix`.
 *
 * @throws StateVersionError when the state is of a newer Galley, StateStoreError when Redis fails.
 */
export async function openRedisStateStore(options: {
  readonly client: RedisClient;
  readonly namespace: string;
}): Promise<StateStore & CommitPort> {
  const { client, namespace } = options;
  const keys = stateKeys(namespace);
  const { scripts, logId } = await storeCall('opening the state', () => openState(client, keys, namespace));
  const transaction = redisTransaction(client, keys, scripts);

  const store: Unguarded = {
    logId,
    namespace,
    nextNumbers: async (count) => (await client.hincrby(keys.meta, 'seen', count)) - count + 1,
    sources: (ids) => transaction.sources(ids),
    scanSources: (prefix) => scanSources(client, keys, prefix),
    rejectedSources: () => scanRejected(client, keys),
    commit: (inputs) => commitBatch({ transact: (work) => work(transaction) }, inputs),
    transact: (work) => work(transaction),
    article: async (id) => (await transaction.articles([id])).get(id) ?? null,
    scanArticles: () => scanArticles(client, keys),
    async counts() {
      const [[articles, sources], rejected] = await Promise.all([
        client.hmget(keys.meta, 'articles', 'sources'),
        client.scard(keys.rejected),
      ]);
      return { articles: Number(articles ?? 0), sources: Number(sources ?? 0), rejected };
    },
    ...redisLog(client, keys, scripts),
    ...redisSinks(client, keys, scripts),
    async putBlob(fingerprint, text) {
      await client.set(keys.blob(fingerprint), text, 'EX', BLOB_SECONDS);
    },
    blob: (fingerprint) => client.get(keys.blob(fingerprint)),
    async ping() {
      const started = performance.now();
      await client.ping();
      return performance.now() - started;
    },
    reset: () => unlinkAll(client, keys.pattern),
    close: () => Promise.resolve(),
  };
  return guardStore(store);
}

async function openState(client: RedisClient, keys: StateKeys, namespace: string) {
  const scripts = await defineScripts(client);
  const newLog = randomBytes(8).toString('hex');
  const [version, logId] = (await scripts.open([keys.meta], SCHEMA_VERSION, newLog)) as string[];
  checkSchemaVersion(Number(version), SCHEMA_VERSION, namespace);
  if (logId === undefined) throw new StateStoreError('Opening the state: its log has no id.');
  return { scripts, logId };
}

function redisTransaction(client: RedisClient, keys: StateKeys, scripts: StateScripts): CommitTransaction {
  return {
    sources: (ids) => readRows(client, keys.sources, ids, parseSource),
    articles: (ids) => readRows(client, keys.articles, ids, parseArticle),
    async apply(changes: readonly Change[]) {
      const { meta, sources, rejected, articles, log } = keys;
      const applied = await scripts.commit(
        [meta, sources, rejected, articles, log],
        ...commitArguments(changes),
      );
      return (applied as number[]).map((one) => one === 1);
    },
  };
}

async function readRows<Row>(
  client: RedisClient,
  hash: string,
  ids: readonly string[],
  parse: (id: string, value: string) => Row,
): Promise<Map<string, Row | null>> {
  const values = ids.length > 0 ? await client.hmget(hash, ...ids) : [];
  return new Map(
    ids.map((id, i) => {
      const value = values[i];
      return [id, value == null ? null : parse(id, value)];
    }),
  );
}
