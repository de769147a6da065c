/** The last lines of a log, for the error that tells why a server ended. */
export class LineRing {
  readonly #lines: string[] = [];
  readonly #limit: number;

  /** @param limit how many lines are kept; older ones are dropped. */
  constructor(limit = 20) {
    this.#limit = limit;
  }

  push(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines.shift();
  }

  /** Whether a line kept matches. */
  has(pattern: RegExp): boolean {
    return this.#lines.some((line) => pattern.test(line));
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}
