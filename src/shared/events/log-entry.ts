import type { EventKind } from './event.js';

/** What is appended to the log. Number and time are given by the store in the same step. */
export interface LogDraft {
  readonly kind: EventKind;
  readonly id: string;
  /** Empty for a rejection. */
  readonly articleId: string;
  /** 0 for a rejection. */
  readonly version: number;
  readonly subject: string;
  /** Slug and content hash of the record in `created` and `updated`, else empty. */
  readonly slug: string;
  readonly contentHash: string;
  /** JSON: a `RecordBody` for `created` and `updated`, else the event's whole `data`. */
  readonly data: string;
}

export interface LogEntry extends LogDraft {
  /** From 1, without gaps, in order of commit. */
  readonly number: number;
  /** Epoch milliseconds, the store's clock at commit. */
  readonly time: number;
}
