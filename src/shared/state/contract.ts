import type { Observation } from './observation.js';
import type { LogDraft, LogEntry } from '../events/log-entry.js';
import type { ArticleRow, Rank, SourceOutcome, SourceRow } from './rows.js';

/** What a worker found an observation to say. */
export type Finding =
  | {
      readonly kind: 'accepted';
      readonly articleId: string;
      /** Slug to use if this commit makes version 1. */
      readonly slug: string;
      readonly contentHash: string;
      readonly rank: Rank;
      /** JSON of a `RecordBody`, in schema order. */
      readonly body: string;
    }
  | { readonly kind: 'rejected'; readonly problems: SourceRow['problems'] & object }
  | { readonly kind: 'same' }
  | { readonly kind: 'gone' };

export interface CommitInput {
  readonly observation: Observation;
  /** 0 for the first commit of an observation; rises when its pictures were fetched again. */
  readonly retry: number;
  readonly finding: Finding;
}

/**
 * `stale`: a higher observation of this source is already committed, or this very one (the job ran again);
 * nothing was done. `differs`: the finding was `same`, but the committed content is another by now: read it whole.
 */
export type CommitResult =
  | { readonly kind: 'committed'; readonly outcome: SourceOutcome; readonly articleId: string | null }
  | { readonly kind: 'stale' }
  | { readonly kind: 'differs' };

/** The rows that one commit writes and the events that it appends: all of it or nothing. */
export interface Change {
  /** Rows as they were read; the change is applied only if each is still so. Absent rows are in the map as null. */
  readonly expectedSources: ReadonlyMap<string, SourceRow | null>;
  readonly expectedArticles: ReadonlyMap<string, ArticleRow | null>;
  readonly sources: readonly SourceRow[];
  readonly articles: readonly ArticleRow[];
  readonly events: readonly LogDraft[];
}

/**
 * What a backend gives the commit (`commit.ts`), which is the same for all of them: read the rows, decide in a pure
 * function, apply. A backend either locks between the two or applies conditionally and reports a conflict.
 */
export interface CommitPort {
  /**
   * Calls `work` once; what `apply` wrote is durable when the promise resolves, and nothing if it rejects. Where
   * applying is conditional, that is settled by `apply` itself: `work` does nothing that can fail after it.
   */
  transact<T>(work: (transaction: CommitTransaction) => Promise<T>): Promise<T>;
}

export interface CommitTransaction {
  sources(keys: readonly string[]): Promise<Map<string, SourceRow | null>>;
  articles(ids: readonly string[]): Promise<Map<string, ArticleRow | null>>;
  /**
   * Applies changes that touch no row twice. For each: true, or false where a row was no longer as expected.
   * Gives events their numbers and times, `sequence` to the rows of articles that have an event and `at` to those
   * that have a new version, a revision one higher to all articles, and `at` to the rows of sources. Each row written
   * must be among the expected ones.
   */
  apply(changes: readonly Change[]): Promise<boolean[]>;
}

/** A sink's place in the log. */
export interface SinkPlace {
  readonly name: string;
  /** All entries up to and with this number have been delivered; 0 before the first. */
  readonly number: number;
  /** Raised by replay and refill: a place that the sink remembers from before no longer counts. */
  readonly generation: number;
  /** Raised by each lease. */
  readonly epoch: number;
  /** Events refused for good. */
  readonly deadLetters: number;
  /** Epoch milliseconds of the last move of the cursor; 0 if never. */
  readonly movedAt: number;
  /** Why the last delivery failed; empty when it did not. */
  readonly trouble: string;
}

export interface DeadLetter {
  readonly sink: string;
  readonly number: number;
  readonly eventId: string;
  readonly articleId: string;
  readonly subject: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface LogExtent {
  /** Number of the oldest entry still kept; `last + 1` when none is. */
  readonly first: number;
  /** Number of the newest entry; 0 when there was none yet. */
  readonly last: number;
}

export interface StateCounts {
  readonly articles: number;
  readonly sources: number;
  readonly rejected: number;
}

export interface TrimLimits {
  /** Entries that every sink has are kept up to this many, for followers. */
  readonly keepDelivered: number;
  /** Beyond these the entry goes even if a sink has not had it: that sink is refilled. */
  readonly maxEntries: number;
  readonly maxAgeMs: number;
}

/**
 * Everything that outlives a job: sources, articles, the event log, places of sinks, larger texts.
 *
 * One per process, shared by all roles, safe to call concurrently. Every method may throw `StateStoreError`
 * (connection lost, server out of memory): the caller's job is retried; a method that threw wrote nothing or all.
 * Not in here: queues (BullMQ's), pictures (the image store's), back-off and logging (the callers').
 */
export interface StateStore {
  /** Names this log; a place counts only in the log it came from. Made with the state. */
  readonly logId: string;
  readonly namespace: string;

  /** Reserves `count` observation numbers, one after the other; answers the first. Higher than all before. */
  nextNumbers(count: number): Promise<number>;

  sources(keys: readonly string[]): Promise<Map<string, SourceRow | null>>;
  /**
   * Rows of sources that are not gone and whose key starts with `prefix`, in no order, in pages. A row that is there
   * all the while comes at least once; a row may come twice. So in the other scans.
   */
  scanSources(prefix: string): AsyncIterable<readonly SourceRow[]>;
  /** Sources whose last reading was bad. */
  rejectedSources(): AsyncIterable<readonly SourceRow[]>;

  /** Commits in one round trip where it can; results in the order of the inputs. */
  commit(inputs: readonly CommitInput[]): Promise<CommitResult[]>;

  article(id: string): Promise<ArticleRow | null>;
  /** Live articles, in no order, in pages. */
  scanArticles(): AsyncIterable<readonly ArticleRow[]>;
  counts(): Promise<StateCounts>;

  /** Extent of the log; cheap. */
  logExtent(): Promise<LogExtent>;
  /** Up to `limit` entries with a number above `after`, in order. */
  readLog(after: number, limit: number): Promise<LogEntry[]>;
  /** The number of the last entry before this moment (epoch ms): reading after it gives all since. */
  numberBefore(time: number): Promise<number>;
  /** Drops the oldest entries by these limits; answers how many went. */
  trimLog(limits: TrimLimits): Promise<number>;
  /**
   * Numbers on from past this number if the log is not that far: for when a sink remembers a place ahead of the log,
   * because the server forgot its last moments. The only thing that leaves a gap.
   */
  skipLogTo(number: number): Promise<void>;

  sinks(): Promise<SinkPlace[]>;
  /** Notes a sink that this process delivers to; keeps the place it has, else starts at the oldest entry. */
  registerSink(name: string): Promise<SinkPlace>;
  forgetSink(name: string): Promise<boolean>;
  /**
   * Takes the sink's lease from whoever has it; moving the cursor needs the epoch answered here. Registers a sink that
   * is not known.
   */
  leaseSink(name: string): Promise<SinkPlace>;
  /** Moves the cursor, forward only; false when the lease has passed to another (a lower number is ignored: true). */
  moveSink(name: string, epoch: number, number: number): Promise<boolean>;
  /**
   * Sets the cursor wherever it is wanted and raises the generation: replay and refill. Ends the present lease too,
   * whose holder would take the cursor back. Registers a sink that is not known.
   */
  setSink(name: string, number: number): Promise<SinkPlace>;
  /** Notes why deliveries do not get on, or an empty text when they do. */
  noteSinkTrouble(name: string, trouble: string): Promise<void>;
  /** Keeps one letter for each sink and event: a second one takes the place of the first. */
  addDeadLetter(letter: Omit<DeadLetter, 'at'>): Promise<void>;
  deadLetters(sink?: string): Promise<DeadLetter[]>;

  /** Larger texts by fingerprint; dropped some hours after they were put. */
  putBlob(fingerprint: string, text: string): Promise<void>;
  blob(fingerprint: string): Promise<string | null>;

  /** Milliseconds for a round trip; throws when the backend does not answer. */
  ping(): Promise<number>;
  /** Empties the namespace. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
