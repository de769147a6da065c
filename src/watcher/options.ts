/** Biggest file that is read. A larger one is rejected unread, so that a stray archive cannot fill the memory. */
export const MAX_BYTES = 1024 * 1024;

export interface ScanOptions {
  /** Endings of the files to take, with the dot, in lower case. Default `.md` and `.markdown`. */
  readonly extensions?: readonly string[];
  /** Larger files are rejected without being read. Bytes, default 1 MiB. */
  readonly maxBytes?: number;
  /** Sends removals even when the root is missing or more than half of its files are gone. Default false. */
  readonly acceptRemovals?: boolean;
  /** Files read at the same time, default 32: each holds up to `maxBytes` in memory. */
  readonly concurrency?: number;
  /** Called once for each file that a scan saw, with what became of it. */
  readonly onFile?: (key: string, what: FileOutcome) => void;
}

/** `unchanged-rejected`: not read either, but its last reading was bad. */
export type FileOutcome = 'unchanged' | 'unchanged-rejected' | 'read';

export interface WatchOptions extends ScanOptions {
  /** Looks again every `pollIntervalMs` instead of waiting for events: for network and container mounts. */
  readonly poll?: boolean;
  /** Milliseconds between two looks with `poll`, default 1000. */
  readonly pollIntervalMs?: number;
  /** Milliseconds between two safety scans, which find what events have missed. Default 5 minutes. */
  readonly rescanIntervalMs?: number;
  /** Milliseconds between two checks that the root is still there, default 2000. */
  readonly presenceIntervalMs?: number;
  /** Milliseconds that a removal is held back to become a rename, default 100. */
  readonly holdMs?: number;
}

/** The options of a scan with all defaults filled in. */
export interface Limits {
  readonly extensions: readonly string[];
  readonly maxBytes: number;
  readonly acceptRemovals: boolean;
  readonly concurrency: number;
}

/** Fills in the defaults of a scan. */
export function limitsOf(options: ScanOptions): Limits {
  return {
    extensions: (options.extensions ?? ['.md', '.markdown']).map((ending) => ending.toLowerCase()),
    maxBytes: options.maxBytes ?? MAX_BYTES,
    acceptRemovals: options.acceptRemovals ?? false,
    concurrency: options.concurrency ?? 32,
  };
}
