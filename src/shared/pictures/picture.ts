import { setTimeout } from 'node:timers/promises';
import { BRIEF_WAIT_MS } from '../fetch/host-limits.js';
import { isRetryableReason, type FetchBusy } from '../fetch/result.js';
import type { SafeFetch, Validators } from '../fetch/safe-fetch.js';
import type { DeclaredImage, ImageReason, RecordImage } from '../record/schema.js';
import { openPictureStore, type StoreLocation } from './open-store.js';
import { failedImage, skippedImage, verifiedImage } from './record-image.js';
import { thumbnailName, type ImageStore } from './store.js';
import { makeThumbnail } from './thumbnail.js';
import type { IndexEntry, UrlIndex } from './url-index.js';
import { verifyPicture } from './verify.js';

/** How long a verified picture is used again without asking its host, by default. */
export const DEFAULT_REUSE_MS = 60_000;
/** URLs remembered for reuse at most; the one verified longest ago goes first. */
const MAX_REMEMBERED = 10_000;
/** Is never rendered, so it has no thumbnail. */
const SVG = 'image/svg+xml';

/** What fetching pictures needs; one for the whole process, so that a URL in flight is fetched once. */
export interface PictureDeps {
  readonly fetch: SafeFetch;
  readonly store: ImageStore;
  readonly index: UrlIndex;
  /** Width of WebP thumbnails in pixels; absent when none are wanted. */
  readonly thumbnailWidth?: number | undefined;
  /** Fetches under way and pictures verified a moment ago, by URL. Made empty by `openPictures`. */
  readonly inFlight: Map<string, UnderWay>;
  readonly recent: Map<string, Recent>;
  readonly reuseMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Closes the store; the fetch is its maker's to close. */
  readonly close: () => void;
}

/** A picture that was verified a moment ago. */
export interface Recent extends Kept {
  readonly at: number;
}

/** A fetch that others may share. */
interface UnderWay {
  readonly found: Promise<Found | FetchBusy>;
  readonly since: number;
}

/** A picture in the store. */
export interface Kept {
  readonly entry: IndexEntry;
  /** Its thumbnail under the store, where one was wanted and can be. */
  readonly thumbnail?: string;
}

/** What became of one URL: kept, or why not. */
type Found =
  | (Kept & {
      readonly ok: true;
      /** True when no bytes had to be fetched for it. */
      readonly reused: boolean;
    })
  | {
      readonly ok: false;
      readonly reason: ImageReason;
      readonly detail: string;
      readonly retryAfterMs?: number;
    };

export interface PictureRequest {
  readonly declared: DeclaredImage;
  /** The article's URL, which site-relative addresses are resolved against. */
  readonly baseUrl?: string | undefined;
  readonly deps: PictureDeps;
  /** All that is left for the fetch, in milliseconds; the fetch's own total by default. */
  readonly withinMs?: number;
  /** Ends the wait: rejects with the signal's reason. The fetch itself goes on for others that wait for it. */
  readonly signal?: AbortSignal;
}

/** A picture of a record, and what is known about trying again. */
export interface PictureOutcome {
  readonly busy: false;
  readonly image: RecordImage;
  /** Why it failed, for logs; empty when it did not. */
  readonly detail: string;
  /** True when it may succeed later. */
  readonly retryable: boolean;
  /** True when it was kept already and no bytes had to be fetched. */
  readonly reused: boolean;
  /** How long the host asked to be left alone, or still rests. */
  readonly retryAfterMs?: number;
}

/** Nothing was found out: the host has no slot free, or the same URL is being fetched and takes long. */
export interface PictureBusy {
  readonly busy: true;
  /** When to ask again at the earliest, in milliseconds. */
  readonly waitMs: number;
}

export interface PictureOptions extends StoreLocation {
  readonly fetch: SafeFetch;
  readonly thumbnailWidth?: number | undefined;
  readonly reuseMs?: number;
  readonly now?: () => number;
}

/**
 * Opens the image store and the index for `fetchPicture`.
 *
 * @throws what `openPictureStore` throws
 */
export async function openPictures(options: PictureOptions): Promise<PictureDeps> {
  const { fetch, thumbnailWidth } = options;
  return {
    fetch,
    ...(await openPictureStore(options)),
    thumbnailWidth,
    inFlight: new Map(),
    recent: new Map(),
    reuseMs: options.reuseMs ?? DEFAULT_REUSE_MS,
    now: options.now ?? Date.now,
  };
}

/**
 * The whole step for one declared picture: fetched safely, verified, kept. Whatever is wrong with it is in the answer.
 * Run again it asks the host whether the picture changed, or finds it known. Waits for a host that is busy; a job, which
 * must not hold a worker, asks `fetchPictureOutcome`.
 *
 * @throws ImageStoreError when the disk or the store's server fails, FetchClosedError when the process is stopping
 */
export async function fetchPicture(request: PictureRequest): Promise<RecordImage> {
  for (;;) {
    const outcome = await fetchPictureOutcome(request);
    if (!outcome.busy) return outcome.image;
    await setTimeout(outcome.waitMs, undefined, request.signal ? { signal: request.signal } : {});
  }
}

/**
 * `fetchPicture`, with what a later attempt wants to know. Answers `busy` rather than wait for a host that has no slot
 * free, or for long for another fetch of the same URL.
 */
export async function fetchPictureOutcome(request: PictureRequest): Promise<PictureOutcome | PictureBusy> {
  const { declared, baseUrl, signal } = request;
  const url = resolve(declared.url, baseUrl);
  const found: Found | FetchBusy =
    url === undefined
      ? { ok: false, reason: 'bad-url', detail: 'not a URL, nor one under that of the article' }
      : await withSignal(find(url, request), signal);
  if (found.ok) {
    const { entry, thumbnail, reused } = found;
    return {
      busy: false,
      image: verifiedImage(declared, entry, thumbnail),
      detail: '',
      retryable: false,
      reused,
    };
  }
  if (found.reason === 'busy') return { busy: true, waitMs: found.waitMs };
  const { reason, detail, retryAfterMs } = found;
  return {
    busy: false,
    image: reason === 'resting' ? skippedImage(declared, reason) : failedImage(declared, reason),
    detail,
    retryable: isRetryableReason(reason),
    reused: false,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function resolve(url: string, baseUrl: string | undefined): string | undefined {
  const text = url.trim();
  if (text === '' || !URL.canParse(text, baseUrl)) return undefined;
  const resolved = new URL(text, baseUrl);
  resolved.hash = '';
  return resolved.href;
}

/** A caller that leaves does not end a fetch that others wait for. */
async function withSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

async function find(url: string, { deps, withinMs }: PictureRequest): Promise<Found | FetchBusy> {
  const recent = deps.recent.get(url);
  if (
    recent !== undefined &&
    deps.now() - recent.at < deps.reuseMs &&
    (await deps.store.claim(recent.entry.file))
  ) {
    const { entry, thumbnail } = recent;
    return { ok: true, entry, ...(thumbnail === undefined ? {} : { thumbnail }), reused: true };
  }
  const shared = deps.inFlight.get(url);
  if (shared !== undefined) return share(shared, deps);
  const found = fetchAndKeep(url, deps, withinMs).finally(() => deps.inFlight.delete(url));
  deps.inFlight.set(url, { found, since: deps.now() });
  return found;
}

/** Joins a fetch under way, but for a moment only: many articles with one slow picture must not hold many workers. */
async function share({ found, since }: UnderWay, deps: PictureDeps): Promise<Found | FetchBusy> {
  const left = BRIEF_WAIT_MS - (deps.now() - since);
  const late: FetchBusy = { ok: false, reason: 'busy', waitMs: BRIEF_WAIT_MS };
  if (left <= 0) return late;
  const waiting = new AbortController();
  try {
    const { signal } = waiting;
    const answer = await Promise.race([found, setTimeout(left, late, { signal })]);
    return answer.ok ? asReused(answer) : answer;
  } finally {
    waiting.abort();
  }
}

async function fetchAndKeep(
  url: string,
  deps: PictureDeps,
  withinMs: number | undefined,
): Promise<Found | FetchBusy> {
  const known = await usable(url, deps);
  const validators = known === null ? undefined : validatorsOf(known);
  const result = await deps.fetch.getBriefly(url, {
    ...(validators === undefined ? {} : { validators }),
    ...(withinMs === undefined ? {} : { withinMs }),
  });
  if (!result.ok) return result;
  if (result.notModified) {
    if (known !== null) return asReused(remember(await withThumbnail(known, deps), deps));
    return { ok: false, reason: 'status-4xx', detail: 'status 304 to a request without conditions' };
  }
  const verified = await verifyPicture(result.bytes);
  if (!verified.ok) return verified;
  const { contentType, extension, ok: _ok, ...measured } = verified;
  const stored = await deps.store.put(result.bytes, { extension, contentType });
  const { finalUrl, etag, lastModified } = result;
  const entry: IndexEntry = {
    url,
    finalUrl,
    ...(etag === undefined || etag.length > 1024 ? {} : { etag }),
    ...(lastModified === undefined || lastModified.length > 1024 ? {} : { lastModified }),
    ...stored,
    contentType,
    ...measured,
  };
  const kept = await withThumbnail(entry, deps, result.bytes);
  await deps.index.put(entry);
  return remember(kept, deps);
}

/** Makes the thumbnail where one is wanted and not there; `bytes` of the picture save reading them. */
async function withThumbnail(entry: IndexEntry, deps: PictureDeps, bytes?: Buffer): Promise<Kept> {
  const { store, thumbnailWidth: width } = deps;
  if (width === undefined || entry.contentType === SVG) return { entry };
  const thumbnail = thumbnailName(entry.sha256, width);
  if (await store.claim(thumbnail)) return { entry, thumbnail };
  const picture = bytes ?? (await store.read(entry.file));
  // What was verified can be decoded; what somebody changed in the store since then must not hold an article up.
  const small = picture === null ? null : await makeThumbnail(picture, width).catch(() => null);
  if (small === null) return { entry };
  await store.putThumbnail(thumbnail, small);
  return { entry, thumbnail };
}

/** What the index knows of a URL, if the picture is still in the store. */
async function usable(url: string, deps: PictureDeps): Promise<IndexEntry | null> {
  const known = await deps.index.get(url);
  return known !== null && (await deps.store.claim(known.file)) ? known : null;
}

function validatorsOf({ finalUrl, etag, lastModified }: IndexEntry): Validators | undefined {
  if (etag === undefined && lastModified === undefined) return undefined;
  return {
    url: finalUrl,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

function remember(kept: Kept, deps: PictureDeps): Found {
  const { url } = kept.entry;
  deps.recent.delete(url);
  deps.recent.set(url, { ...kept, at: deps.now() });
  if (deps.recent.size > MAX_REMEMBERED) {
    const [oldest] = deps.recent.keys();
    if (oldest !== undefined) deps.recent.delete(oldest);
  }
  return { ok: true, ...kept, reused: false };
}

function asReused(found: Found): Found {
  return found.ok ? { ...found, reused: true } : found;
}
