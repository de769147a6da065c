import type { EventKind } from '../events/event.js';
import type { Problem } from '../article/problem.js';
import type { FileStat } from './observation.js';

/** What the last commit of a source did; `galley inspect` and the counts of `galley ingest` are read from it. */
export type SourceOutcome =
  'created' | 'updated' | 'unchanged' | 'moved' | 'superseded' | 'rejected' | 'removed';

/** The state's row of one source. Written by the commit alone. */
export interface SourceRow {
  readonly key: string;
  readonly path: string;
  /** The highest observation committed, and within it how often its pictures were fetched again. */
  readonly number: number;
  readonly retry: number;
  readonly gone: boolean;
  readonly fingerprint: string;
  readonly stat: FileStat | null;
  readonly outcome: SourceOutcome;
  /** The article this source claims, also while its last reading was bad. */
  readonly articleId: string | null;
  /** Hash of the content this source last claimed with. */
  readonly contentHash: string | null;
  /** Whether the article's record is this source's. */
  readonly isRecord: boolean;
  /** Problems of the last reading; null when it was good. */
  readonly problems: readonly Problem[] | null;
  /** Rejections told so far: the `n` of the next `rejected` event less one. */
  readonly rejections: number;
  /** Epoch milliseconds, the store's clock, of the last commit. */
  readonly at: number;
}

/**
 * Order between several files of one article, best first when compared with `compareClaims`: the latest
 * `publishedDateTime`, then the latest modification, then the key that comes first in byte order.
 */
export interface Rank {
  /** Epoch milliseconds of `publishedDateTime`; null ranks lowest. */
  readonly published: number | null;
  readonly mtimeNs: string;
}

/** A source's claim to be an article's record: everything that its record is made from. */
export interface Claim {
  readonly sourceKey: string;
  readonly path: string;
  readonly contentHash: string;
  readonly rank: Rank;
  /** JSON of a `RecordBody`, in schema order. */
  readonly body: string;
}

/** The state's row of one article. After a removal it stays, without a claim, so that versions go on from there. */
export interface ArticleRow {
  readonly id: string;
  /** Rises with each write of the row: commits are conditional on it. */
  readonly revision: number;
  readonly version: number;
  readonly slug: string;
  /** The record's claim; null once removed. */
  readonly claim: Claim | null;
  /** Other sources of the same article, kept whole. */
  readonly runnersUp: readonly Claim[];
  /** How many events of each kind this version has had. */
  readonly told: Readonly<Partial<Record<EventKind, number>>>;
  /** Epoch milliseconds of the commit of this version, and the number of its last event in the log. */
  readonly at: number;
  readonly sequence: number;
}
