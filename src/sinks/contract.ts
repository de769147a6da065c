import type { GalleyEvent } from '../shared/events/event.js';

/**
 * Where a sink stands in the log: `<log id>.<generation>.<number>`. A place counts only in the log and the generation
 * that it came from.
 */
export interface Place {
  readonly logId: string;
  readonly generation: number;
  readonly number: number;
}

/** One event on its way to a sink. */
export interface Delivery {
  /** Number in the log. */
  readonly number: number;
  readonly eventId: string;
  readonly articleId: string;
  readonly version: number;
  /** The event as one line of JSON without a line feed. Built once, shared between sinks. */
  readonly json: string;
  /** The same, parsed when asked for. */
  event(): GalleyEvent;
}

/** A run of events in order, and the place that the sink has reached when it has taken them all. */
export interface Batch {
  readonly deliveries: readonly Delivery[];
  /** The place after the delivery at this index, to be remembered together with it. */
  placeAfter(index: number): Place;
}

/**
 * What became of a batch. `taken` counts deliveries from the front that are in the sink for certain.
 * - `done`: all of them.
 * - `lost`: the connection went; the deliver worker closes the sink, opens it again and asks for its place.
 * - `retry`: the sink answered, but cannot take more now; again after `waitMs`, or the worker's own back-off.
 * - `refused`: the delivery at index `taken` will never be taken: it goes to the dead letters, the rest goes on.
 */
export type Outcome =
  | { readonly kind: 'done'; readonly taken: number }
  | { readonly kind: 'lost'; readonly taken: number; readonly reason: string; readonly cause?: unknown }
  | { readonly kind: 'retry'; readonly taken: number; readonly reason: string; readonly waitMs?: number }
  | { readonly kind: 'refused'; readonly taken: number; readonly reason: string };

/**
 * A sink. The deliver worker calls `open`, then `deliver` any number of times, then `close`, never two at a time.
 * `check` is called by `galley doctor`, on a sink that is not open.
 *
 * Deliberately not in here: timers, back-off, retry loops, counting, logging and dead letters. The deliver worker
 * does those, the same for every sink.
 */
export interface Sink {
  /**
   * Gets ready to deliver. Answers the place that the sink itself remembers, written together with what it took,
   * or null where it remembers none. Called at the start of each delivery job, so it must be cheap when the sink
   * is open already. Throws when the sink cannot be reached; the worker tries again with back-off.
   */
  open(): Promise<Place | null>;
  deliver(batch: Batch): Promise<Outcome>;
  /** Does what `open` and `deliver` need and no more, and writes nothing. Throws with what to mend. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** What a sink needs from outside. */
export interface SinkContext {
  /** The name under which its place is kept. */
  readonly name: string;
  readonly namespace: string;
  /** Absolute paths of the watched folders: a sink's file or folder inside one of them is refused. */
  readonly inboxes: readonly string[];
}

export interface SinkDriver {
  /** The scheme of its URL, without the colon. */
  readonly scheme: string;
  /** How it is written on the command line, for `--help` and errors: `ndjson:FILE`. */
  readonly usage: string;
  /** One sentence for the docs. */
  readonly summary: string;
  /** `once`: a second delivery leaves no trace. `at-least-once`: it may come twice, with the same id. */
  readonly inEffect: 'once' | 'at-least-once';
  /**
   * Reads a sink's options off its URL and answers what makes it. Nothing is opened yet.
   * @throws UsageError that names the URL and the mend.
   */
  prepare(url: string): (context: SinkContext) => Sink;
  /** True when only one process at a time may deliver to it and its output is this process's standard output. */
  readonly ownsStdout?: true;
}
