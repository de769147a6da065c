import { setTimeout as delay } from 'node:timers/promises';

/** A bounded number of tasks at a time, in the order in which they came. */
export class Crew {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves when a place is free, and takes it. */
  async enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    // The place is handed over by the one who leaves.
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  /** Gives the place to others while something goes on for which none is needed; takes one again afterwards. */
  async aside<T>(act: () => Promise<T>): Promise<T> {
    this.leave();
    try {
      return await act();
    } finally {
      await this.enter();
    }
  }

  /**
   * Gives the place to others for some milliseconds, so that one who waits does not block those behind.
   * @throws the signal's reason when it is aborted.
   */
  rest(ms: number, signal: AbortSignal): Promise<void> {
    return this.aside(() => delay(ms, undefined, { signal }));
  }
}
