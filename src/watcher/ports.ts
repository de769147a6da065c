import type { Sighting } from '../shared/state/observation.js';
import type { SourceRow } from '../shared/state/rows.js';
import type { FileAccess } from './file-access.js';
import type { OpenFiles } from './open-files.js';

/** What the watcher needs of the state: which sources are known. A subset of `StateStore`. */
export interface SourceBook {
  sources(keys: readonly string[]): Promise<Map<string, SourceRow | null>>;
  /** Rows of sources that are not gone and whose key starts with `prefix`, in no order, in pages. */
  scanSources(prefix: string): AsyncIterable<readonly SourceRow[]>;
}

/** Takes observations, numbers them and puts them on the queue. Bounded: it makes the watcher wait when it is full. */
export interface Intake {
  /** Resolves when there was room and the sighting was accepted. Sightings of one source come one after the other. */
  present(sighting: Sighting): Promise<void>;
  /** Resolves when the removal was accepted. */
  gone(source: { readonly key: string; readonly path: string }): Promise<void>;
  /** Resolves when everything given before is committed, or has failed for good. */
  settled(): Promise<void>;
}

/** A logger as pino has it: fields first, then the message. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface WatchPorts {
  readonly book: SourceBook;
  readonly intake: Intake;
  /** Whether a text is a valid article; asked only of files that were written in the last 2 s. */
  isValid(text: string): boolean;
  readonly log: Log;
  /** Says which files are open for writing; by default `/proc` on Linux, and nothing elsewhere. */
  readonly openFiles?: OpenFiles;
  /** How files are read; by default in place while that is fast, else through the thread pool. */
  readonly access?: FileAccess;
}
