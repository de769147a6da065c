import { RefusedAddressError } from './connector.js';
import { FetchTimeoutError } from './deadlines.js';
import { HostNotFoundError } from './resolver.js';
import { fetchFailed, type FetchFailed } from './result.js';

/** Codes of Node's and OpenSSL's that mean: the host's certificate or its TLS is not in order. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|EPROTO$)/;
const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** Turns what a request or its connection failed with into a reason of the closed list. Anything else: `connect`. */
export function classifyFailure(error: unknown): FetchFailed {
  if (error instanceof RefusedAddressError) return fetchFailed('refused-address', error.message);
  if (error instanceof HostNotFoundError) return fetchFailed('dns', error.message);
  if (error instanceof FetchTimeoutError) return fetchFailed('timeout', error.message);
  const code = codeOf(error);
  const detail = code ?? (error instanceof Error ? error.message : String(error));
  if (code === undefined) return fetchFailed('connect', detail);
  if (TIMEOUT_CODES.has(code)) return fetchFailed('timeout', detail);
  if (TLS_CODE.test(code)) return fetchFailed('tls', detail);
  return fetchFailed('connect', detail);
}

/** Answers for a status that is neither the picture nor a redirect. `Retry-After` counts where RFC 9110 and 6585 have it. */
export function classifyStatus(status: number, retryAfterMs?: number): FetchFailed {
  const detail = `status ${status}`;
  if (status === 429) return fetchFailed('status-429', detail, retryAfterMs);
  if (status >= 500) return fetchFailed('status-5xx', detail, status === 503 ? retryAfterMs : undefined);
  // 408 is the server's word for our own time-out, and passes like it.
  if (status === 408) return fetchFailed('timeout', detail);
  return fetchFailed('status-4xx', detail);
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Several addresses were tried: the first failure stands for all.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return undefined;
}
