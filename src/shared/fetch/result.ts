import type { ImageReason } from '../record/schema.js';
import type { HostVerdict } from './breaker.js';

/** Reasons that a fetch itself can give; the others come from looking at the bytes, or from not fetching. */
export type FetchReason = Extract<
  ImageReason,
  | 'dns'
  | 'connect'
  | 'timeout'
  | 'tls'
  | 'refused-address'
  | 'status-429'
  | 'status-5xx'
  | 'resting'
  | 'bad-url'
  | 'status-4xx'
  | 'redirects'
  | 'too-large'
  | 'unsupported'
  | 'corrupt'
  | 'truncated'
>;

export interface Fetched {
  readonly ok: true;
  readonly notModified: false;
  readonly status: 200;
  readonly bytes: Buffer;
  /** The URL that answered, after redirects. */
  readonly finalUrl: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface NotModified {
  readonly ok: true;
  readonly notModified: true;
}

export interface FetchFailed {
  readonly ok: false;
  readonly reason: FetchReason;
  /** A short text for people; carries no credentials. */
  readonly detail: string;
  readonly retryable: boolean;
  /** What the host asked for with `Retry-After`, or how long it still rests; in milliseconds. */
  readonly retryAfterMs?: number;
}

/** The host has no slot free: nothing was found out, ask again later. Only for who asks with `isBrief`. */
export interface FetchBusy {
  readonly ok: false;
  readonly reason: 'busy';
  readonly waitMs: number;
}

export type FetchResult = Fetched | NotModified | FetchFailed;

const RETRYABLE: ReadonlySet<ImageReason> = new Set<ImageReason>([
  'dns',
  'connect',
  'timeout',
  'tls',
  'status-429',
  'status-5xx',
  'resting',
]);

/** Whether what failed for this reason may succeed later without anybody changing the article. */
export function isRetryableReason(reason: ImageReason): boolean {
  return RETRYABLE.has(reason);
}

/** Builds a failure; whether it is retryable follows from the reason. */
export function fetchFailed(reason: FetchReason, detail: string, retryAfterMs?: number): FetchFailed {
  const retryable = isRetryableReason(reason);
  return { ok: false, reason, detail, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** What a failure says about its host: a picture that is bad or gone, or an address of ours to refuse, is not its fault. */
export function verdictOf(reason: FetchReason): HostVerdict {
  switch (reason) {
    case 'dns':
    case 'connect':
    case 'timeout':
    case 'tls':
    case 'status-429':
    case 'status-5xx':
      return 'failed';
    case 'refused-address':
    case 'bad-url':
    case 'resting':
      return 'none';
    case 'status-4xx':
    case 'redirects':
    case 'too-large':
    case 'unsupported':
    case 'corrupt':
    case 'truncated':
      return 'answered';
    default:
      return reason satisfies never;
  }
}
