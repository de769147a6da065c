import type { Logger } from 'pino';

/**
 * Whether a backend answers: one line in the log when it goes and one when it is back, however many calls fail
 * between.
 */
export class Health {
  #trouble: string | null = null;
  readonly #name: string;
  readonly #log: Logger;
  readonly #listeners: (() => void)[] = [];

  /** @param name what people call it, with its address: `Redis at redis://…` */
  constructor(name: string, log: Logger) {
    this.#name = name;
    this.#log = log;
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  onRecovered(listener: () => void): void {
    this.#listeners.push(listener);
  }

  down(): void {
    if (this.#trouble !== null) return;
    this.#trouble = `${this.#name} does not answer`;
    this.#log.error(`${this.#trouble}; everything waits until it is back`);
  }

  up(): void {
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#log.info(`${this.#name} is back`);
    for (const listener of this.#listeners) listener();
  }
}
