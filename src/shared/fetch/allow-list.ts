import { isIPv6 } from 'node:net';
import { UsageError } from '../errors/errors.js';

/** One `--allow-host`: a host as a URL names it, normalised, and its port; without a port, 80 and 443. */
export interface AllowedHost {
  /** Lower case, without a trailing dot, IPv6 without brackets and in its shortest form. */
  readonly host: string;
  readonly port?: number;
}

/** Answers whether a URL's host and port are on the list. */
export interface AllowList {
  has(host: string, port: number): boolean;
}

const HOST_AND_PORT = /^(\[[^\]\s]+\]|[^\s:/?#@\\[\]]+)(?::(\d{1,5}))?$/;

/**
 * The one spelling under which a host is compared: what the WHATWG URL parser makes of it, without brackets and
 * without a trailing dot.
 */
export function normaliseHost(hostname: string): string {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return bare.toLowerCase().replace(/\.$/, '');
}

/**
 * Reads one `HOST[:PORT]` (a name or an IP address, IPv6 in brackets).
 *
 * @throws UsageError that names the text and how it is written
 */
export function parseAllowedHost(text: string): AllowedHost {
  const trimmed = text.trim();
  const wrong = (why: string): UsageError =>
    new UsageError(
      `The allowed host '${text}' ${why}; write it as HOST or HOST:PORT, an IPv6 address in brackets.`,
    );
  if (isIPv6(trimmed)) throw wrong('is an IPv6 address without brackets');
  const parts = HOST_AND_PORT.exec(trimmed);
  const name = parts?.[1];
  if (name === undefined || !URL.canParse(`http://${name}/`)) throw wrong('is not a host');
  const host = normaliseHost(new URL(`http://${name}/`).hostname);
  if (host === '' || host.includes('*')) throw wrong('is not one host');
  if (parts?.[2] === undefined) return { host };
  const port = Number(parts[2]);
  if (port < 1 || port > 65_535) throw wrong('has a port outside 1 to 65535');
  return { host, port };
}

/**
 * Makes the list that the safe fetch asks. It is asked with the host and port of a URL, never with what a name
 * resolves to: another name for the same machine stays refused.
 */
export function createAllowList(hosts: readonly AllowedHost[]): AllowList {
  const entries = new Set(
    hosts.flatMap(({ host, port }) =>
      port === undefined ? [`${host} 80`, `${host} 443`] : [`${host} ${port}`],
    ),
  );
  return { has: (host, port) => entries.has(`${normaliseHost(host)} ${port}`) };
}
