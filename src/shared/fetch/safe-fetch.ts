import { Agent, type Dispatcher } from 'undici';
import { RetryableError } from '../errors/errors.js';
import { createAllowList, type AllowedHost, type AllowList } from './allow-list.js';
import { classifyFailure, classifyStatus } from './classify.js';
import { createJudgedConnector } from './connector.js';
import type { BreakerLimits, HostVerdict } from './breaker.js';
import { FetchTimeoutError, startDeadlines, TOTAL_PHASE, type Deadlines } from './deadlines.js';
import { DEFAULT_HOST_LIMITS, HostLimits } from './host-limits.js';
import { judgeUrl, type UrlJudgement, type UrlPolicy } from './judge-url.js';
import { DEFAULT_FETCH_LIMITS, DEFAULT_PORTS, type FetchLimits } from './limits.js';
import { createHostResolver, type HostResolver } from './resolver.js';
import { fetchFailed, verdictOf, type FetchBusy, type FetchFailed, type FetchResult } from './result.js';
import { parseRetryAfter } from './retry-after.js';
import { ACCEPTED_ENCODINGS, unpack } from './unpack.js';

/** What outgoing requests may do, and as whom. */
export interface FetchPolicy {
  /** `User-Agent`; see `userAgent`. */
  readonly userAgent: string;
  /** Hosts that are let through although they are private, or on another port. */
  readonly allowHosts?: readonly AllowedHost[];
  /** Ports that any public host may be asked on; 80 and 443 by default. */
  readonly ports?: readonly number[];
  readonly limits?: Partial<FetchLimits>;
  /** Requests to one host begun in a second; no limit by default. */
  readonly ratePerHost?: number | null;
  /** When a host that fails is left alone. */
  readonly breaker?: BreakerLimits;
  /** Finds addresses; by default the machine's name servers. */
  readonly resolver?: HostResolver;
}

/** What a former fetch noted. Sent only to the URL that gave it. */
export interface Validators {
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface FetchOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly validators?: Validators;
  /** Ends the fetch: `get` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface BriefFetchOptions extends FetchOptions {
  /** All that is left for it, in milliseconds; the total of the limits where that is less. */
  readonly withinMs?: number;
}

/**
 * Fetches addresses that came from content. Never reaches what `judgeAddress` refuses, except for allowed hosts, and asks
 * no host harder than the policy allows: one that rests is not asked (`resting`).
 *
 * May be called concurrently. Resolves for whatever the host does; rejects only when the caller's signal is aborted (with
 * its reason) and with FetchClosedError after `close`.
 */
export interface SafeFetch {
  /** Waits for a slot of the host as long as for the host itself. */
  get(url: string, options?: FetchOptions): Promise<FetchResult>;
  /** Answers `busy` rather than wait longer than `BRIEF_WAIT_MS` for a slot of a host on its way. */
  getBriefly(url: string, options?: BriefFetchOptions): Promise<FetchResult | FetchBusy>;
  /** Ends what is under way and closes all connections. */
  close(): Promise<void>;
}

/** Thrown by a fetch that was under way or begun when the process closed its fetches. The job is tried again. */
export class FetchClosedError extends RetryableError {
  readonly code = 'GALLEY_FETCH_CLOSED';
}

/** `Galley/<version> (+<contact url>)`: lets a host see who asks and whom to write to. */
export function userAgent(version: string, contactUrl: string): string {
  return `Galley/${version} (+${contactUrl})`;
}

/** What one `get` carries from hop to hop. */
interface Course {
  readonly options: FetchOptions;
  readonly limits: FetchLimits;
  readonly userAgent: string;
  readonly agent: Dispatcher;
  readonly hosts: HostLimits;
  readonly isBrief: boolean;
  /** The total is less than the host is given otherwise: to overrun it is not the host's fault. */
  readonly isCutShort: boolean;
  readonly deadlines: Deadlines;
  /** The caller's and that of `close`. */
  readonly ended: AbortSignal;
  /** The deadlines' too. */
  readonly signal: AbortSignal;
}

type Answer = FetchResult | FetchBusy;
type Hop = { readonly kind: 'end'; readonly result: Answer } | { readonly kind: 'to'; readonly url: string };

/** Makes the safe fetch. Opens no connection before the first `get`. */
export function createSafeFetch(policy: FetchPolicy): SafeFetch {
  const limits: FetchLimits = { ...DEFAULT_FETCH_LIMITS, ...policy.limits };
  const allowList = createAllowList(policy.allowHosts ?? []);
  const urlPolicy: UrlPolicy = { allowList, ports: policy.ports ?? DEFAULT_PORTS };
  const { connectionsPerHost } = limits;
  const hosts = new HostLimits({
    connectionsPerHost,
    ratePerHost: policy.ratePerHost ?? DEFAULT_HOST_LIMITS.ratePerHost,
    breaker: policy.breaker ?? DEFAULT_HOST_LIMITS.breaker,
  });
  const agent = createAgent(policy, limits, allowList);
  const closing = new AbortController();

  const run = async (url: string, options: BriefFetchOptions, isBrief: boolean): Promise<Answer> => {
    const withinMs = Math.max(0, options.withinMs ?? limits.totalMs);
    const deadlines = startDeadlines(Math.min(limits.totalMs, withinMs));
    const ended = AbortSignal.any([closing.signal, ...(options.signal ? [options.signal] : [])]);
    const signal = AbortSignal.any([deadlines.signal, ended]);
    const isCutShort = withinMs < limits.totalMs;
    const { userAgent } = policy;
    const course = {
      options,
      limits,
      userAgent,
      agent,
      hosts,
      isBrief,
      isCutShort,
      deadlines,
      ended,
      signal,
    };
    try {
      signal.throwIfAborted();
      return await follow(url, urlPolicy, course);
    } catch (error) {
      options.signal?.throwIfAborted();
      closing.signal.throwIfAborted();
      return classifyFailure(deadlines.signal.aborted ? deadlines.signal.reason : error);
    } finally {
      deadlines.end();
    }
  };

  return {
    async get(url, options = {}) {
      const answer = await run(url, options, false);
      return answer.ok || answer.reason !== 'busy' ? answer : fetchFailed('timeout', 'no free connection');
    },
    getBriefly: (url, options = {}) => run(url, options, true),
    async close() {
      closing.abort(new FetchClosedError('A fetch was ended because the process is stopping.'));
      await agent.destroy();
    },
  };
}

function createAgent(policy: FetchPolicy, limits: FetchLimits, allowList: AllowList): Agent {
  const resolver = policy.resolver ?? createHostResolver();
  return new Agent({
    connect: createJudgedConnector({ allowList, resolver, connectMs: limits.connectMs }),
    connections: limits.connectionsPerHost,
    maxHeaderSize: limits.maxHeaderBytes,
    keepAliveMaxTimeout: 30_000,
    // Counted by our own deadlines, as totals.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** Our own redirect loop: each hop is judged like the first, and counts against its own host. */
async function follow(url: string, policy: UrlPolicy, course: Course): Promise<Answer> {
  let next = url;
  for (let hops = 0; hops <= course.limits.maxRedirects; hops++) {
    const judged = judgeUrl(next, policy);
    if (!judged.ok) return fetchFailed(judged.reason, judged.why);
    const hop = await enterAndExchange(judged, course);
    if (hop.kind === 'end') return hop.result;
    next = hop.url;
  }
  return fetchFailed('redirects', `more than ${course.limits.maxRedirects} redirects`);
}

async function enterAndExchange(
  { url, host, port }: UrlJudgement & { ok: true },
  course: Course,
): Promise<Hop> {
  const { hosts, isBrief, signal } = course;
  const entry = await hosts.enter(`${host}:${port}`, { isBrief, signal });
  switch (entry.kind) {
    case 'busy':
      return { kind: 'end', result: { ok: false, reason: 'busy', waitMs: entry.waitMs } };
    case 'resting':
      return { kind: 'end', result: fetchFailed('resting', `${host} is left alone for now`, entry.leftMs) };
    case 'go':
      break;
    default:
      return entry satisfies never;
  }
  try {
    const hop = await exchange(url, course);
    const failed = hop.kind === 'end' && !hop.result.ok && hop.result.reason !== 'busy' ? hop.result : null;
    if (failed) entry.leave(verdictOf(failed.reason), failed.retryAfterMs);
    else entry.leave('answered');
    return hop;
  } catch (error) {
    entry.leave(verdictOfError(error, course));
    throw error;
  }
}

function verdictOfError(error: unknown, { deadlines, ended, isCutShort }: Course): HostVerdict {
  if (ended.aborted) return 'none';
  const cause: unknown = deadlines.signal.aborted ? deadlines.signal.reason : error;
  if (isCutShort && cause instanceof FetchTimeoutError && cause.phase === TOTAL_PHASE) return 'none';
  return verdictOf(classifyFailure(cause).reason);
}

async function exchange(url: URL, course: Course): Promise<Hop> {
  const { deadlines, limits } = course;
  const validators = course.options.validators?.url === url.href ? course.options.validators : undefined;
  const response = await withAbort(send(url, validators, course), course.signal);
  deadlines.enter('body', limits.bodyMs);
  try {
    const hop = await read(response, url, validators !== undefined, course);
    deadlines.leave();
    return hop;
  } finally {
    discard(response);
  }
}

function send(
  url: URL,
  validators: Validators | undefined,
  course: Course,
): Promise<Dispatcher.ResponseData<null>> {
  return observeStart(course.agent, () => course.deadlines.enter('headers', course.limits.headersMs)).request(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: {
        ...course.options.headers,
        ...(validators?.etag === undefined ? {} : { 'if-none-match': validators.etag }),
        ...(validators?.lastModified === undefined ? {} : { 'if-modified-since': validators.lastModified }),
        accept: 'image/avif,image/webp,image/*;q=0.9,*/*;q=0.1',
        'accept-encoding': ACCEPTED_ENCODINGS,
        'user-agent': course.userAgent,
      },
      signal: course.signal,
    },
  );
}

/** Undici looks at the signal of a request that waits for its connection only once that is made: race it. */
async function withAbort(
  request: Promise<Dispatcher.ResponseData<null>>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData<null>> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([request, aborted]);
  } catch (error) {
    request.then(discard, () => undefined);
    throw error;
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

/** Tells when a request goes out over a connection, after all waiting for one. */
function observeStart(dispatcher: Dispatcher, started: () => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const observed: Dispatcher.DispatchHandler = {
      onRequestStart(controller, context) {
        started();
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    };
    return dispatch(options, observed);
  });
}

async function read(
  response: Dispatcher.ResponseData<null>,
  url: URL,
  isConditional: boolean,
  { limits }: Course,
): Promise<Hop> {
  const end = (result: FetchResult): Hop => ({ kind: 'end', result });
  const { statusCode } = response;
  const header = (name: string): string | undefined => headerOf(response, name);
  if (statusCode === 304 && isConditional) return end({ ok: true, notModified: true });
  if ([301, 302, 303, 307, 308].includes(statusCode)) return redirect(header('location'), url);
  if (statusCode !== 200 && statusCode !== 203) {
    return end(classifyStatus(statusCode, parseRetryAfter(header('retry-after'), Date.now())));
  }
  const packed = await collect(response, limits.maxBytes);
  if ('ok' in packed) return end(packed);
  const bytes = await unpack(packed, header('content-encoding'), limits.maxBytes);
  if ('ok' in bytes) return end(bytes);
  const etag = header('etag');
  const lastModified = header('last-modified');
  return end({
    ok: true,
    notModified: false,
    status: 200,
    bytes,
    finalUrl: url.href,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  });
}

function redirect(location: string | undefined, from: URL): Hop {
  const end = (detail: string): Hop => ({ kind: 'end', result: fetchFailed('redirects', detail) });
  if (location === undefined) return end('a redirect without a location');
  if (!URL.canParse(location, from.href)) return end('a redirect to what is not a URL');
  return { kind: 'to', url: new URL(location, from).href };
}

/** The body as it came. What the host says of its length is good enough to refuse it, never to trust it. */
async function collect(
  { body, headers }: Dispatcher.ResponseData<null>,
  maxBytes: number,
): Promise<Buffer | FetchFailed> {
  const tooLarge = fetchFailed('too-large', `more than ${maxBytes} bytes`);
  if (Number(headers['content-length'] ?? 0) > maxBytes) return tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // Undici's body gives Buffers unless an encoding is set; its type only knows of a stream.
  const parts: AsyncIterable<Buffer> = body;
  for await (const bytes of parts) {
    size += bytes.length;
    if (size > maxBytes) return tooLarge;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

function headerOf(response: Dispatcher.ResponseData<null>, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** An unread body holds its connection, and an error of it that nobody listens to would end the process. */
function discard({ body }: Dispatcher.ResponseData<null>): void {
  body.on('error', () => undefined);
  if (!body.readableEnded) body.destroy();
}
