import { FlowProducer, Queue, Worker, createPostgresBackend, type PostgresPoolConfig } from 'bullmq';
import pg from 'pg';
import type { Logger } from 'pino';
import { redactUrls } from '../../shared/config/redact.js';
import { BackendUnfitError, BackendUnreachableError } from '../../shared/errors/errors.js';
import { schemaName } from '../../shared/state/postgres/schema-name.js';
import { openPostgresStateStore } from '../../shared/state/postgres/store.js';
import { WORKER_OPTIONS } from '../job-options.js';
import type { Backend, JobQueue, JobWorker } from './contract.js';
import { Health } from './health.js';
import { quietErrors } from './quiet-errors.js';

/** How long the start waits for a server that does not answer yet. */
const CONNECT_TIMEOUT_MS = 8000;
const CONNECT_RETRY_MS = 250;
const HEALTH_INTERVAL_MS = 1000;
/**
 * Connections per queue, worker and flow producer: each has a pool of its own. With four stages and ten sinks that
 * stays well under the 100 that a server allows.
 */
const POOL_SIZE = 3;
const STATE_POOL_SIZE = 6;

/** PostgreSQL 13 or newer: teams that have it and no Redis. Also serves the embedded server. */
export async function openPostgresBackend(options: {
  readonly connection: pg.PoolConfig;
  readonly address: string;
  readonly namespace: string;
  readonly log: Logger;
  readonly name?: string;
  readonly singleOwner?: boolean;
}): Promise<Backend> {
  const { namespace, log } = options;
  const address = redactUrls(options.address);
  await checkServer(options.connection, address);
  const pool = new pg.Pool({ ...options.connection, max: STATE_POOL_SIZE, application_name: 'galley-state' });
  pool.on('error', (error) => log.debug({ err: error }, 'A connection of the state was lost'));
  const state = await openPostgresStateStore({ pool, namespace });
  const health = new Health(`Postgres at ${address}`, log);
  const asking = askEverySecond(pool, health);
  const queueSchema = schemaName(namespace, 'queues');
  const connection = (): PostgresPoolConfig => ({
    ...(options.connection as PostgresPoolConfig),
    max: POOL_SIZE,
    schema: queueSchema,
    migrate: true,
    // A job lost with the server's last moments is found again by the scan: not worth a flush to disk each.
    options: '-c synchronous_commit=off',
  });

  return {
    name: options.name ?? 'postgres',
    address,
    capabilities: { singleOwner: options.singleOwner ?? false },
    state,
    queue(name) {
      const queue = new Queue(name, { connection: connection() }, createPostgresBackend);
      return quietErrors(queue, log) as unknown as JobQueue;
    },
    worker(name, processor, settings) {
      const worker = new Worker(
        name,
        processor,
        { connection: connection(), ...WORKER_OPTIONS, ...settings },
        createPostgresBackend,
      );
      return quietErrors(worker, log) as unknown as JobWorker;
    },
    flows() {
      const producer = quietErrors(
        new FlowProducer({ connection: connection() }, createPostgresBackend),
        log,
      );
      return {
        async addBulk(flows) {
          await producer.addBulk([...flows]);
        },
        close: () => producer.close(),
      };
    },
    trouble: () => health.trouble,
    onRecovered: (listener) => health.onRecovered(listener),
    lost: new Promise(() => undefined),
    async close() {
      clearInterval(asking);
      await state.close();
      await pool.end();
    },
  };
}

async function checkServer(connection: pg.PoolConfig, address: string): Promise<void> {
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    try {
      return await checkVersion(connection, address);
    } catch (error) {
      if (error instanceof BackendUnfitError) throw error;
      const why = (error as { code?: string; message: string }).code ?? String(error);
      if (why === '28P01' || why === '28000' || why === '3D000') {
        throw new BackendUnfitError(
          `Postgres at ${address} refuses the login (${String(error)}); check DATABASE_URL.`,
          { cause: error },
        );
      }
      if (performance.now() > deadline) {
        throw new BackendUnreachableError(
          `Postgres at ${address} cannot be reached (${why}); start it, or mend DATABASE_URL (empty: the embedded backend).`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
    }
  }
}

async function checkVersion(connection: pg.PoolConfig, address: string): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      "select current_setting('server_version_num') as version",
    );
    const version = Math.floor(Number(rows[0]?.version ?? 0) / 10000);
    if (version < 13) {
      throw new BackendUnfitError(`Postgres at ${address} is version ${version}; Galley needs 13 or newer.`);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Asked once a second, since a pool tells of lost connections only when they are idle. */
function askEverySecond(pool: pg.Pool, health: Health): NodeJS.Timeout {
  let asking = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    void pool
      .query('select 1')
      .then(
        () => health.up(),
        () => health.down(),
      )
      .finally(() => {
        asking = false;
      });
  }, HEALTH_INTERVAL_MS);
  timer.unref();
  return timer;
}
