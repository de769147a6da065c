/** What is known of one object without reading it. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** Epoch milliseconds: when it was written or touched last, by the clock of the place it is kept in. */
  readonly modifiedAt: number;
}

/**
 * A place that pictures and what is known of them are kept in: named bytes, each there whole or not at all.
 *
 * The image store and the index by URL stand on it and decide names; keys have `/` between their parts and nothing else
 * that could lead out of the place. Safe to use from several processes at once. Every method throws ImageStoreError when
 * the disk or the server fails; the caller's job is tried again. Not in here: what the bytes are, caching, retries.
 */
export interface ObjectStore {
  /** For people: an absolute path, or `s3://bucket/prefix`. */
  readonly location: string;
  info(key: string): Promise<ObjectInfo | null>;
  /** Null where there is no such object, or where it is larger than `maxBytes`. */
  read(key: string, maxBytes?: number): Promise<Buffer | null>;
  /** Done when the bytes are kept; what was there is replaced at once. */
  write(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Gives it the present time; false where it is not there. */
  touch(key: string): Promise<boolean>;
  /** All objects, in no order, in pages. One that is there all the while comes exactly once. */
  list(): AsyncIterable<readonly ObjectInfo[]>;
  /** Removes it, unless it was written or touched at or after this moment (epoch ms). True when it is gone. */
  remove(key: string, unlessSince: number): Promise<boolean>;
}
