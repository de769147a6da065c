import { UsageError } from '../../shared/errors/errors.js';

export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | { readonly kind: 'cluster'; readonly urls: readonly string[] }
  | {
      readonly kind: 'sentinel';
      readonly master: string;
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      readonly username?: string;
      readonly password?: string;
      readonly database: number;
    };

const SENTINEL_PORT = 26379;

/**
 * Reads `REDIS_URL`: `redis://` or `rediss://` for one server, several of them with commas for a cluster, or
 * `redis+sentinel://host:26379,host:26379/NAME[/DB]` for the master that the sentinels know.
 * @throws UsageError naming the variable and what it should look like; the password is not repeated.
 */
export function parseRedisUrl(text: string): RedisAddress {
  if (text.startsWith('redis+sentinel://')) return parseSentinel(text);
  const urls = text.split(',').map((part) => part.trim());
  for (const url of urls) checkServer(url);
  const [first] = urls;
  if (urls.length === 1 && first !== undefined) return { kind: 'single', url: first };
  return { kind: 'cluster', urls };
}

function checkServer(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed && (parsed.protocol === 'redis:' || parsed.protocol === 'rediss:') && parsed.hostname !== '')
    return;
  throw new UsageError(
    'REDIS_URL is not an address of Redis; it should look like redis://host:6379 (rediss:// for TLS, several with commas for a cluster, redis+sentinel://host:26379/NAME for Sentinel).',
  );
}

function parseSentinel(text: string): RedisAddress {
  const match =
    /^redis\+sentinel:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/]+)\/(?<name>[^/?]+)(?:\/(?<db>\d+))?$/.exec(
      text,
    );
  const { user, password, hosts, name, db } = match?.groups ?? {};
  if (hosts === undefined || name === undefined) {
    throw new UsageError(
      'REDIS_URL for Sentinel should look like redis+sentinel://host:26379,host:26379/NAME.',
    );
  }
  return {
    kind: 'sentinel',
    master: decodeURIComponent(name),
    sentinels: hosts.split(',').map((part) => {
      const [host = '', port] = part.split(':');
      return { host, port: port === undefined ? SENTINEL_PORT : Number(port) };
    }),
    ...(user ? { username: decodeURIComponent(user) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    database: Number(db ?? 0),
  };
}
