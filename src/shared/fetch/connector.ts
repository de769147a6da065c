import type { LookupFunction, Socket } from 'node:net';
import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import { judgeAddress } from './addresses.js';
import type { AllowList } from './allow-list.js';
import type { HostAddress, HostResolver } from './resolver.js';

/** The address that a connection would have gone to is refused. Internal: it becomes the reason `refused-address`. */
export class RefusedAddressError extends Error {
  constructor(host: string, why: string) {
    super(`${host} is ${why}`);
    this.name = 'RefusedAddressError';
  }
}

export interface ConnectorOptions {
  readonly allowList: AllowList;
  readonly resolver: HostResolver;
  /** Look-up, connection and TLS together. */
  readonly connectMs: number;
}

/** How long one of several addresses is tried before the next. Node's 250 ms gives up on hosts far away. */
const ATTEMPT_MS = 1_000;
/** A name with hundreds of addresses must not keep us trying them. */
const MAX_ADDRESSES = 8;

/**
 * Makes undici's connect function. The address is judged here, where the connection is made, and not before: a name
 * that answers with a public address first and a private one a moment later (DNS rebinding) gains nothing. Only
 * judged addresses reach the socket, and the one that it ended on is judged once more.
 */
export function createJudgedConnector(options: ConnectorOptions): buildConnector.connector {
  const shared = {
    timeout: options.connectMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
  };
  const open = build({ ...shared, lookup: lookupWith(options.resolver, (addresses) => addresses) });
  const guarded = build({ ...shared, lookup: lookupWith(options.resolver, onlyAllowed) });

  return (target, callback) => {
    const port = target.port === '' ? (target.protocol === 'https:' ? 443 : 80) : Number(target.port);
    if (options.allowList.has(target.hostname, port)) {
      open(target, callback);
      return;
    }
    const refused = isIP(target.hostname) === 0 ? undefined : refusal(target.hostname, target.hostname);
    if (refused !== undefined) {
      callback(refused, null);
      return;
    }
    guarded(target, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const late = refusal(target.hostname, socket.remoteAddress ?? '');
      if (late === undefined) {
        callback(null, socket);
        return;
      }
      discard(socket);
      callback(late, null);
    });
  };
}

/** `lookup` and the happy-eyeballs options are net's and tls' own; undici hands them on, its types know them half. */
function build(
  options: { timeout: number; lookup: LookupFunction } & Pick<
    import('node:net').TcpNetConnectOpts,
    'autoSelectFamily' | 'autoSelectFamilyAttemptTimeout'
  >,
): buildConnector.connector {
  return buildConnector({ ...options, port: 0 });
}

function refusal(host: string, address: string): RefusedAddressError | undefined {
  const judgement = judgeAddress(address);
  if (judgement.allowed) return undefined;
  return new RefusedAddressError(host === address ? host : `${host} (${address})`, judgement.why);
}

function onlyAllowed(addresses: readonly HostAddress[], host: string): readonly HostAddress[] {
  const allowed = addresses.filter(({ address }) => judgeAddress(address).allowed);
  const first = addresses[0];
  if (allowed.length > 0 || first === undefined) return allowed;
  throw refusal(host, first.address) ?? new RefusedAddressError(host, 'not reachable');
}

function lookupWith(
  resolver: HostResolver,
  choose: (addresses: readonly HostAddress[], host: string) => readonly HostAddress[],
): LookupFunction {
  return (hostname, lookupOptions, callback) => {
    resolver.resolve(hostname).then(
      (found) => {
        try {
          const chosen = choose(found, hostname).slice(0, MAX_ADDRESSES);
          const first = chosen[0];
          if (lookupOptions.all === true) callback(null, [...chosen]);
          else if (first !== undefined) callback(null, first.address, first.family);
          else callback(new RefusedAddressError(hostname, 'without an address'), '');
        } catch (error) {
          callback(asError(error), '');
        }
      },
      (error: unknown) => callback(asError(error), ''),
    );
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** A socket error after `destroy` that nobody listens to would end the process. */
function discard(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.destroy();
}
