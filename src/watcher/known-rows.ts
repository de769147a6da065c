import type { FileStat } from '../shared/state/observation.js';
import type { SourceRow } from '../shared/state/rows.js';
import type { SourceBook } from './ports.js';

/** What the watcher remembers of a row: enough to tell whether a file is unchanged or touched. */
export interface KnownSource {
  readonly fingerprint: string;
  readonly stat: FileStat | null;
}

const ROWS_AT_ONCE = 500;

/** A row as the watcher needs it; null for a source that is not known or gone. */
export function knownSource(row: SourceRow | null | undefined): KnownSource | null {
  return row == null || row.gone ? null : { fingerprint: row.fingerprint, stat: row.stat };
}

/** Looks rows up one by one for the caller, many in one question for the state. */
export class KnownRows {
  readonly #book: SourceBook;
  #asked = new Map<string, Promise<KnownSource | null>>();
  #batch: Promise<Map<string, SourceRow | null>> | null = null;
  #keys: string[] = [];

  constructor(book: SourceBook) {
    this.#book = book;
  }

  /** @throws what the state throws. */
  find(key: string): Promise<KnownSource | null> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    if (this.#batch === null || this.#keys.length >= ROWS_AT_ONCE) {
      this.#keys = [];
      this.#batch = this.#ask(this.#keys);
    }
    this.#keys.push(key);
    const answer = this.#batch.then((rows) => knownSource(rows.get(key)));
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask(keys: string[]): Promise<Map<string, SourceRow | null>> {
    // All that is asked for in this turn goes into one question.
    await Promise.resolve();
    this.#asked = new Map();
    this.#batch = null;
    return this.#book.sources(keys);
  }
}
