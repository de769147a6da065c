import type { SettingsKey } from './settings.js';

/**
 * One flag of the command line and its environment variable. The table makes `--help`, the reading of flags and
 * environment, and the README's table.
 */
export interface Option {
  readonly key: SettingsKey;
  /** Without the dashes; null for what only the environment or the config file sets. */
  readonly flag: string | null;
  /** How the value is shown; absent for a switch. */
  readonly value?: string;
  readonly env: string;
  /** Variables of others that say the same; read, in this order, where `env` is not set. */
  readonly alsoEnv?: readonly string[];
  readonly kind: 'text' | 'list' | 'number' | 'switch';
  readonly help: string;
  /** True when the flag is written `--no-…` and switches off. */
  readonly negated?: true;
  readonly secret?: true;
}

export const OPTIONS: readonly Option[] = [
  {
    key: 'inbox',
    flag: 'inbox',
    value: '[NAME=]DIR',
    env: 'GALLEY_INBOX',
    kind: 'list',
    help: 'folder to watch (default ./inbox); repeatable',
  },
  {
    key: 'out',
    flag: 'out',
    value: 'FILE',
    env: 'GALLEY_OUT',
    kind: 'text',
    help: 'write events to this ndjson file (default ./outbox/records.ndjson when no sink is named)',
  },
  {
    key: 'sinks',
    flag: 'sink',
    value: '[NAME=]URL',
    env: 'GALLEY_SINK',
    kind: 'list',
    help: 'deliver events to this sink; repeatable',
  },
  {
    key: 'state',
    flag: 'state',
    value: 'DIR',
    env: 'GALLEY_STATE',
    kind: 'text',
    help: 'embedded data and pictures (default ./.galley)',
  },
  {
    key: 'namespace',
    flag: 'namespace',
    value: 'NAME',
    env: 'GALLEY_NAMESPACE',
    kind: 'text',
    help: 'prefix of all keys, queues and schemas (default galley)',
  },
  {
    key: 'host',
    flag: 'host',
    value: 'ADDR',
    env: 'GALLEY_HOST',
    kind: 'text',
    help: 'address to listen on (default 127.0.0.1); another one wants GALLEY_TOKEN',
  },
  {
    key: 'port',
    flag: 'port',
    value: 'N',
    env: 'GALLEY_PORT',
    kind: 'number',
    help: 'port of the dashboard (default 3080; 0 picks a free one)',
  },
  {
    key: 'dashboard',
    flag: 'dashboard',
    negated: true,
    env: 'GALLEY_DASHBOARD',
    kind: 'switch',
    help: 'listen on no port',
  },
  {
    key: 'token',
    flag: null,
    env: 'GALLEY_TOKEN',
    kind: 'text',
    secret: true,
    help: 'token that the dashboard asks for on an address other than loopback',
  },
  {
    key: 'allowHosts',
    flag: 'allow-host',
    value: 'HOST[:PORT]',
    env: 'GALLEY_ALLOW_HOST',
    kind: 'list',
    help: 'let pictures be fetched from this private address; repeatable',
  },
  {
    key: 'poll',
    flag: 'poll',
    env: 'GALLEY_POLL',
    kind: 'switch',
    help: 'look at the folder again and again, for network mounts that send no events',
  },
  {
    key: 'processes',
    flag: 'processes',
    value: 'N',
    env: 'GALLEY_PROCESSES',
    kind: 'number',
    help: 'worker processes (default 1)',
  },
  {
    key: 'images',
    flag: 'images',
    negated: true,
    env: 'GALLEY_IMAGES',
    kind: 'switch',
    help: 'fetch no pictures',
  },
  {
    key: 'thumbnails',
    flag: 'thumbnails',
    value: 'WIDTH',
    env: 'GALLEY_THUMBNAILS',
    kind: 'number',
    help: 'also write WebP thumbnails of this width in pixels',
  },
  {
    key: 'store',
    flag: null,
    env: 'GALLEY_STORE',
    kind: 'text',
    help: 'keep pictures at s3://BUCKET/PREFIX, for several machines (default: in the state folder)',
  },
  {
    key: 'storeEndpoint',
    flag: null,
    env: 'GALLEY_STORE_ENDPOINT',
    alsoEnv: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    kind: 'text',
    help: "URL of an S3 server other than AWS's",
  },
  {
    key: 'storeRegion',
    flag: null,
    env: 'GALLEY_STORE_REGION',
    alsoEnv: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    kind: 'text',
    help: "region of the bucket (default: where AWS's own tools find it)",
  },
  {
    key: 'acceptRemovals',
    flag: 'accept-removals',
    env: 'GALLEY_ACCEPT_REMOVALS',
    kind: 'switch',
    help: 'believe it when more than half of the files are gone at once',
  },
  {
    key: 'wait',
    flag: 'wait',
    value: 'SECONDS',
    env: 'GALLEY_WAIT',
    kind: 'number',
    help: 'how long ingest waits for a sink that is down (default 60)',
  },
  {
    key: 'extensions',
    flag: null,
    env: 'GALLEY_EXTENSIONS',
    kind: 'list',
    help: 'endings of article files (default .md,.markdown)',
  },
  {
    key: 'timeZone',
    flag: null,
    env: 'GALLEY_TIME_ZONE',
    kind: 'text',
    help: 'time zone of dates without one (default UTC)',
  },
  {
    key: 'maxFileBytes',
    flag: null,
    env: 'GALLEY_MAX_FILE_BYTES',
    kind: 'number',
    help: 'largest article file (default 1048576)',
  },
  {
    key: 'concurrency',
    flag: null,
    env: 'GALLEY_CONCURRENCY',
    kind: 'number',
    help: 'jobs of a stage at once in one process (default 8)',
  },
  {
    key: 'logLevel',
    flag: 'log-level',
    value: 'LEVEL',
    env: 'GALLEY_LOG_LEVEL',
    kind: 'text',
    help: 'trace, debug, info, warn, error or silent (default info)',
  },
  {
    key: 'redisUrl',
    flag: null,
    env: 'REDIS_URL',
    kind: 'text',
    secret: true,
    help: 'Redis, Valkey or Dragonfly; wins over DATABASE_URL',
  },
  {
    key: 'databaseUrl',
    flag: null,
    env: 'DATABASE_URL',
    kind: 'text',
    secret: true,
    help: 'PostgreSQL 13 or newer; with neither, the embedded one serves',
  },
];
