import { setTimeout as pause } from 'node:timers/promises';

/** The last lines of a log: for the error that tells why a server ended, and to wait for a line. */
export class LineRing {
  readonly #lines: string[] = [];
  readonly #limit: number;
  readonly #waiting = new Set<(line: string) => void>();

  /** @param limit how many lines are kept; older ones are dropped. */
  constructor(limit = 20) {
    this.#limit = limit;
  }

  push(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines.shift();
    for (const tell of this.#waiting) tell(line);
  }

  /** Whether a line kept matches. */
  has(pattern: RegExp): boolean {
    return this.#lines.some((line) => pattern.test(line));
  }

  /** Resolves at the next line that matches, or after `ms`. */
  async next(pattern: RegExp, ms: number): Promise<void> {
    const abort = new AbortController();
    const tell = (line: string) => {
      if (pattern.test(line)) abort.abort();
    };
    this.#waiting.add(tell);
    await pause(ms, undefined, { signal: abort.signal }).catch(() => undefined);
    this.#waiting.delete(tell);
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}
