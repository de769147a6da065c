import pg from 'pg';
import { commitBatch } from '../commit.js';
import type { CommitPort, CommitTransaction, StateStore } from '../contract.js';
import { guardStore, type Unguarded } from '../guard.js';
import { storeCall } from '../store-call.js';
import { asKept, withoutNul } from './clean-text.js';
import { commitArguments } from './commit-arguments.js';
import { database, type Database } from './database.js';
import { indexKey } from './index-key.js';
import { postgresLog } from './log.js';
import { migrate } from './migrate.js';
import {
  ARTICLE_COLUMNS,
  SOURCE_COLUMNS,
  parseArticle,
  parseSource,
  type ArticleRecord,
  type SourceRecord,
} from './rows.js';
import { scanArticles, scanRejected, scanSources } from './scan.js';
import { quoteName, schemaName } from './schema-name.js';
import { postgresSinks } from './sinks.js';

/** A blob is needed until its job is done; jobs that wait longer are read again from the file by the next scan. */
const BLOB_MS = 24 * 60 * 60 * 1000;
const POOL_SIZE = 6;
/** The parameters of `apply_changes`. */
const APPLY_PARAMETERS = Array.from({ length: 33 }, (_, i) => `$${i + 1}`).join(', ');

export interface PostgresStateOptions {
  /** The caller's pool, which `close` leaves open, or how to connect. */
  readonly pool?: pg.Pool;
  readonly connection?: pg.PoolConfig;
  readonly namespace: string;
  /**
   * Whether a commit waits until the disk has it; the server's own setting by default. With `off` a server that
   * crashes may lose its last moments, whole commits and in order; the next scan finds what it lost.
   */
  readonly synchronousCommit?: 'on' | 'off';
}

/**
 * The state on PostgreSQL 13 or newer, in a schema of its own. A commit reads its rows, decides, and applies in one
 * call of one function, which locks the head of the log, looks whether the rows are still so, and writes: two round
 * trips, and the lock is held for no more than the server's own work.
 *
 * @throws StateVersionError when the state is of a newer Galley, StateStoreError when Postgres fails.
 */
export async function openPostgresStateStore(
  options: PostgresStateOptions,
): Promise<StateStore & CommitPort> {
  const { namespace } = options;
  const schema = schemaName(namespace);
  const pool = options.pool ?? openPool(options.connection ?? {});
  const closePool = (): Promise<void> => (options.pool ? Promise.resolve() : pool.end());
  const db = database(pool, schema);
  try {
    const logId = await storeCall('opening the state', () => migrateIn(pool, schema, namespace));
    const store = composeStore({ db, namespace, logId, closePool, synchronous: options.synchronousCommit });
    const reset = () => db.query(`drop schema if exists ${quoteName(schema)} cascade`).then(() => undefined);
    return guardStore({ ...store, reset });
  } catch (error) {
    await closePool();
    throw error;
  }
}

function openPool(connection: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ max: POOL_SIZE, application_name: 'galley-state', ...connection });
  // An idle connection that is lost is made again by the next call, which tells if it cannot be.
  pool.on('error', () => undefined);
  return pool;
}

async function migrateIn(pool: pg.Pool, schema: string, namespace: string): Promise<string> {
  const client = await pool.connect();
  try {
    return await migrate(client, schema, namespace);
  } finally {
    client.release();
  }
}

function composeStore(parts: {
  readonly db: Database;
  readonly namespace: string;
  readonly logId: string;
  readonly closePool: () => Promise<void>;
  readonly synchronous: 'on' | 'off' | undefined;
}): Omit<Unguarded, 'reset'> {
  const { db, namespace, logId } = parts;
  const transaction = postgresTransaction(db, parts.synchronous);
  return {
    logId,
    namespace,
    async nextNumbers(count) {
      const [row] = await db.prepared<{ first: string }>('seen', 'select @next_numbers($1) as first', [
        count,
      ]);
      return Number(row?.first);
    },
    sources: (keys) => transaction.sources(keys),
    scanSources: (prefix) => scanSources(db, prefix),
    rejectedSources: () => scanRejected(db),
    commit: (inputs) => commitBatch({ transact: (work) => work(transaction) }, inputs),
    transact: (work) => work(transaction),
    article: async (id) => (await transaction.articles([id])).get(id) ?? null,
    scanArticles: () => scanArticles(db),
    async counts() {
      const [head] = await db.query<{ articles: string; sources: string; rejected: string }>(
        'select articles, sources, rejected from @head',
      );
      const { articles = 0, sources = 0, rejected = 0 } = head ?? {};
      return { articles: Number(articles), sources: Number(sources), rejected: Number(rejected) };
    },
    ...postgresLog(db),
    ...postgresSinks(db),
    async putBlob(fingerprint, text) {
      await db.query(
        `with stale as (delete from @blobs where at < @now_ms() - $3::bigint and fingerprint <> $1)
          insert into @blobs (fingerprint, at, text) values ($1, @now_ms(), $2)
            on conflict (fingerprint) do update set at = excluded.at, text = excluded.text`,
        [fingerprint, withoutNul(text), BLOB_MS],
      );
    },
    async blob(fingerprint) {
      const [row] = await db.query<{ text: string }>(
        'select text from @blobs where fingerprint = $1 and at >= @now_ms() - $2::bigint',
        [fingerprint, BLOB_MS],
      );
      return row?.text ?? null;
    },
    async ping() {
      const started = performance.now();
      await db.query('select 1');
      return performance.now() - started;
    },
    close: parts.closePool,
  };
}

function postgresTransaction(db: Database, synchronous: 'on' | 'off' | undefined): CommitTransaction {
  return {
    async sources(keys) {
      const records = await db.prepared<SourceRecord>(
        'sources',
        `select ${SOURCE_COLUMNS} from @sources where key = any ($1::text[])`,
        [keys.map(indexKey).map(asKept)],
      );
      const rows = new Map(records.map((record) => [record.key, parseSource(record)]));
      return new Map(keys.map((key) => [key, rows.get(asKept(indexKey(key))) ?? null]));
    },
    async articles(ids) {
      const records = await db.prepared<ArticleRecord>(
        'articles',
        `select ${ARTICLE_COLUMNS} from @articles where id = any ($1::text[])`,
        [ids.map(asKept)],
      );
      const rows = new Map(records.map((record) => [record.id, parseArticle(record)]));
      return new Map(ids.map((id) => [id, rows.get(asKept(id)) ?? null]));
    },
    async apply(changes) {
      const [row] = await db.prepared<{ refused: number[] }>(
        'apply',
        `select @apply_changes(${APPLY_PARAMETERS}) as refused`,
        [synchronous ?? null, ...commitArguments(changes)],
      );
      const refused = new Set(row?.refused);
      return changes.map((_, index) => !refused.has(index));
    },
  };
}
