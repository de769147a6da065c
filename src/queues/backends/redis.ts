import { FlowProducer, Queue, Worker, createRedisBackend, type FlowJob } from 'bullmq';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { redactUrls } from '../../shared/config/redact.js';
import { BackendUnfitError, BackendUnreachableError } from '../../shared/errors/errors.js';
import { openRedisStateStore } from '../../shared/state/redis/store.js';
import { WORKER_OPTIONS } from '../job-options.js';
import { queuePrefix } from '../names.js';
import type { Backend, JobQueue } from './contract.js';
import { Health } from './health.js';
import { parseRedisUrl } from './redis-url.js';
import { quietErrors } from './quiet-errors.js';

/** How long the start waits for a Redis that does not answer yet: compose files start both at once. */
const CONNECT_TIMEOUT_MS = 8000;
const RECONNECT_CEILING_MS = 1000;
/** Length to which BullMQ trims the stream of its own events: nothing here reads them but the dashboard. */
const QUEUE_EVENTS_KEPT = 1000;

const CONNECTION = {
  // Calls wait while Redis is away and go on when it is back; the intake's limit on what is under way bounds them.
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(RECONNECT_CEILING_MS, 50 * times),
  enableReadyCheck: true,
  lazyConnect: true,
} satisfies RedisOptions;

/**
 * Redis, Valkey or Dragonfly: production, and many machines. State and queues share one connection; each worker has
 * one more to block on.
 */
export async function openRedisBackend(options: {
  readonly url: string;
  readonly namespace: string;
  readonly log: Logger;
}): Promise<Backend> {
  const { url, namespace, log } = options;
  const address = redactUrls(url);
  const client = await connect(url, address);
  const health = new Health(`Redis at ${address}`, log);
  let closing = false;
  client.on('close', () => {
    if (!closing) health.down();
  });
  client.on('ready', () => health.up());
  await checkFitness(client, address, log);
  const state = await openRedisStateStore({ client, namespace });
  const connection = client;

  return {
    name: 'redis',
    address,
    capabilities: { singleOwner: false },
    state,
    queue(name) {
      const queue = new Queue(
        name,
        {
          connection,
          prefix: queuePrefix(namespace, name),
          streams: { events: { maxLen: QUEUE_EVENTS_KEPT } },
        },
        createRedisBackend,
      );
      return quietErrors(queue, log) as unknown as JobQueue;
    },
    worker(name, processor, settings) {
      const worker = new Worker(
        name,
        processor,
        { connection, prefix: queuePrefix(namespace, name), ...WORKER_OPTIONS, ...settings },
        createRedisBackend,
      );
      return quietErrors(worker, log);
    },
    flows() {
      const producer = quietErrors(new FlowProducer({ connection }, createRedisBackend), log);
      return {
        async addBulk(flows) {
          await producer.addBulk(flows.map((flow) => withPrefix(flow, namespace)));
        },
        close: () => producer.close(),
      };
    },
    trouble: () => health.trouble,
    onRecovered: (listener) => health.onRecovered(listener),
    lost: new Promise(() => undefined),
    async close() {
      closing = true;
      await state.close();
      // `quit` against a dead server hangs.
      client.disconnect();
    },
  };
}

/** BullMQ takes the prefix of each job of a flow from the job, not from its queue. */
function withPrefix(flow: FlowJob, namespace: string): FlowJob {
  const prefix = queuePrefix(namespace, flow.queueName);
  const { children } = flow;
  return children
    ? { ...flow, prefix, children: children.map((child) => withPrefix(child, namespace)) }
    : { ...flow, prefix };
}

function createClient(url: string): Redis | Cluster {
  const address = parseRedisUrl(url);
  switch (address.kind) {
    case 'single':
      return new Redis(address.url, CONNECTION);
    case 'cluster':
      return new Cluster(
        address.urls.map((node) => ({
          host: new URL(node).hostname,
          port: Number(new URL(node).port || 6379),
        })),
        {
          lazyConnect: true,
          clusterRetryStrategy: (times) => Math.min(RECONNECT_CEILING_MS, 50 * times),
          redisOptions: { ...CONNECTION, ...credentials(address.urls[0]) },
        },
      );
    case 'sentinel':
      return new Redis({
        ...CONNECTION,
        name: address.master,
        sentinels: [...address.sentinels],
        db: address.database,
        ...(address.username === undefined ? {} : { username: address.username }),
        ...(address.password === undefined ? {} : { password: address.password }),
      });
    default:
      return address satisfies never;
  }
}

function credentials(url: string | undefined): { username?: string; password?: string; tls?: object } {
  if (url === undefined) return {};
  const { username, password, protocol } = new URL(url);
  return {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

async function connect(url: string, address: string): Promise<Redis | Cluster> {
  const client = createClient(url);
  let last: unknown;
  client.on('error', (error: unknown) => {
    last = error;
  });
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(asError(last)), CONNECT_TIMEOUT_MS);
  });
  try {
    await Promise.race([untilReady(client), expired]);
    return client;
  } catch (error) {
    client.disconnect();
    const why = reasonOf(last ?? error);
    if (/NOAUTH|WRONGPASS|NOPERM/.test(why)) {
      throw new BackendUnfitError(
        `Redis at ${address} refuses the login (${why}); check the user and password in REDIS_URL.`,
        { cause: error },
      );
    }
    throw new BackendUnreachableError(
      `Redis at ${address} cannot be reached (${why}); start it, or mend REDIS_URL (empty: the embedded backend).`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

async function untilReady(client: Redis | Cluster): Promise<void> {
  const ready = new Promise<void>((resolve) => {
    client.once('ready', resolve);
  });
  // The first attempt may be refused while the server is still starting: the client goes on trying.
  client.connect().catch(() => undefined);
  await ready;
  await client.ping();
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error('no answer');
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  if (error instanceof Error) return (error as NodeJS.ErrnoException).code ?? error.message;
  return 'no answer';
}

/** Warns of settings under which Redis loses what it was given. */
async function checkFitness(client: Redis | Cluster, address: string, log: Logger): Promise<void> {
  const info = await client.info().catch(() => '');
  const version = /redis_version:(\d+)\.(\d+)/.exec(info);
  const [major, minor] = [Number(version?.[1] ?? 99), Number(version?.[2] ?? 0)];
  if (major < 6 || (major === 6 && minor < 2)) {
    throw new BackendUnfitError(
      `Redis at ${address} is version ${major}.${minor}; Galley needs 6.2 or newer.`,
    );
  }
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    log.warn(
      { policy },
      `Redis at ${address} may throw away jobs and records when it is full: set maxmemory-policy noeviction`,
    );
  }
}
