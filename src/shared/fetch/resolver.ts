import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

/** An address of a host; `family` as Node's connect wants it. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Finds the addresses of a host. */
export interface HostResolver {
  /**
   * Addresses in the order in which they are to be tried; at least one.
   *
   * @throws HostNotFoundError when there is none or the name servers do not answer
   */
  resolve(host: string): Promise<readonly HostAddress[]>;
}

/** A name has no address, or no name server answered. Internal to the fetch: it becomes the reason `dns`. */
export class HostNotFoundError extends Error {
  readonly host: string;

  constructor(host: string, why: string, options?: { cause?: unknown }) {
    super(`${host}: ${why}`, options);
    this.name = 'HostNotFoundError';
    this.host = host;
  }
}

/** The part of Node's `dns.promises.Resolver` that is used here. */
export interface NameServers {
  resolve4(host: string, options: { ttl: true }): Promise<{ address: string; ttl: number }[]>;
  resolve6(host: string, options: { ttl: true }): Promise<{ address: string; ttl: number }[]>;
}

export interface HostResolverOptions {
  readonly nameServers?: NameServers;
  /** Names that the machine itself gives addresses; default: its hosts file. Null for none. */
  readonly hostsFile?: string | null;
  /** Answers are kept as long as the record says, within these; a failure for `failureMs`. */
  readonly minTtlMs?: number;
  readonly maxTtlMs?: number;
  readonly failureMs?: number;
  /** Hosts kept at most; the one asked for longest ago goes first. */
  readonly maxHosts?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const DEFAULTS = { minTtlMs: 5_000, maxTtlMs: 60_000, failureMs: 5_000, maxHosts: 10_000 } as const;
/** RFC 8305, 3: how long a first answer waits for that of the other family. */
const RESOLUTION_DELAY_MS = 50;
const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

interface Kept {
  readonly answer: Promise<readonly HostAddress[]>;
  until: number;
}

/**
 * Makes a resolver that asks the name servers over sockets of its own. Node's default, `dns.lookup`, works in the
 * four threads that file reads and fsync need too: a few dead hosts there stop the whole process. Names in the hosts
 * file, `localhost` and its subdomains are answered without asking; a name without a dot that no name server knows
 * goes to the system after all (search domains, mDNS).
 */
export function createHostResolver(options: HostResolverOptions = {}): HostResolver {
  const settings = { ...DEFAULTS, ...options };
  const now = options.now ?? Date.now;
  const servers = options.nameServers ?? new Resolver({ timeout: 2_000, tries: 2 });
  const hosts = hostsFileReader(options.hostsFile === undefined ? HOSTS_FILE : options.hostsFile, now);
  const cache = new Map<string, Kept>();

  async function find(host: string): Promise<{ addresses: readonly HostAddress[]; ttlMs: number }> {
    const local = localAddresses(host) ?? (await hosts()).get(host);
    if (local !== undefined) return { addresses: local, ttlMs: settings.minTtlMs };
    return askServers(servers, host);
  }

  function ask(host: string): Kept {
    const found = find(host);
    const kept: Kept = { answer: found.then(({ addresses }) => addresses), until: Infinity };
    found.then(
      ({ ttlMs }) => {
        kept.until = now() + Math.min(Math.max(ttlMs, settings.minTtlMs), settings.maxTtlMs);
      },
      () => {
        kept.until = now() + settings.failureMs;
      },
    );
    return kept;
  }

  return {
    resolve(name) {
      const host = name.toLowerCase().replace(/\.$/, '');
      const known = cache.get(host);
      if (known !== undefined && known.until > now()) return known.answer;
      cache.delete(host);
      const kept = ask(host);
      cache.set(host, kept);
      if (cache.size > settings.maxHosts) dropOldest(cache);
      return kept.answer;
    },
  };
}

function dropOldest(cache: Map<string, Kept>): void {
  for (const host of cache.keys()) {
    cache.delete(host);
    return;
  }
}

/** RFC 6761, 6.3: `localhost` and all under it are loopback, whatever a name server says. */
function localAddresses(host: string): readonly HostAddress[] | undefined {
  const family = isIP(host);
  if (family === 4 || family === 6) return [{ address: host, family }];
  if (host !== 'localhost' && !host.endsWith('.localhost')) return undefined;
  return [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
}

async function askServers(
  servers: NameServers,
  host: string,
): Promise<{ addresses: readonly HostAddress[]; ttlMs: number }> {
  const families = [ask(servers, host, 4), ask(servers, host, 6)] as const;
  const settled = await firstFamilies(families);
  const records = settled.flatMap((answer) => answer.records);
  if (records.length > 0) {
    return {
      addresses: records.map(({ address, family }) => ({ address, family })),
      ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1000,
    };
  }
  if (!host.includes('.')) {
    const addresses = await askSystem(host);
    if (addresses.length > 0) return { addresses, ttlMs: 0 };
  }
  const cause = settled.find((answer) => answer.cause !== undefined)?.cause;
  throw new HostNotFoundError(host, `no address (${codeOf(cause) ?? 'no records'})`, { cause });
}

interface FamilyAnswer {
  readonly records: readonly (HostAddress & { readonly ttl: number })[];
  readonly cause?: unknown;
}

async function ask(servers: NameServers, host: string, family: 4 | 6): Promise<FamilyAnswer> {
  try {
    const found = await (family === 4
      ? servers.resolve4(host, { ttl: true })
      : servers.resolve6(host, { ttl: true }));
    return { records: found.map(({ address, ttl }) => ({ address, ttl, family })) };
  } catch (cause) {
    return { records: [], cause };
  }
}

/** Both answers, or the one that has addresses if the other takes longer than the resolution delay. IPv4 first. */
async function firstFamilies(
  families: readonly [Promise<FamilyAnswer>, Promise<FamilyAnswer>],
): Promise<readonly FamilyAnswer[]> {
  const first = await Promise.race(families);
  if (first.records.length === 0) return Promise.all(families);
  let timer: NodeJS.Timeout | undefined;
  const delay = new Promise<FamilyAnswer[]>((resolve) => {
    timer = setTimeout(() => resolve([first]), RESOLUTION_DELAY_MS);
  });
  try {
    return await Promise.race([Promise.all(families), delay]);
  } finally {
    clearTimeout(timer);
  }
}

async function askSystem(host: string): Promise<readonly HostAddress[]> {
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch {
    return [];
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Reads the hosts file at most once in 5 s; a missing or unreadable one names nobody. */
function hostsFileReader(
  file: string | null,
  now: () => number,
): () => Promise<ReadonlyMap<string, HostAddress[]>> {
  let readAt = -Infinity;
  let names: Promise<ReadonlyMap<string, HostAddress[]>> = Promise.resolve(new Map());
  return () => {
    if (file !== null && now() - readAt > 5_000) {
      readAt = now();
      names = readFile(file, 'utf8').then(parseHostsFile, () => new Map<string, HostAddress[]>());
    }
    return names;
  };
}

/** The names of a hosts file (see hosts(5)) and their addresses. What is not such a line is passed over. */
export function parseHostsFile(text: string): ReadonlyMap<string, HostAddress[]> {
  const names = new Map<string, HostAddress[]>();
  for (const line of text.split('\n')) {
    const [address, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined) continue;
    const family = isIP(address);
    if (family !== 4 && family !== 6) continue;
    for (const alias of aliases.map((name) => name.toLowerCase().replace(/\.$/, ''))) {
      names.set(alias, [...(names.get(alias) ?? []), { address, family }]);
    }
  }
  return names;
}
