/**
 * Paths to look at, each once however often it is noted, in the order noted. Given out one by one, so that 100,000
 * of them cost their names and nothing else.
 */
export class DirtyFiles {
  readonly #paths = new Set<string>();
  readonly #take: (path: string) => Promise<void>;
  #running: Promise<void> | null = null;
  #stopped = false;

  /** `take` resolves when the next may come; it must not reject. */
  constructor(take: (path: string) => Promise<void>) {
    this.#take = take;
  }

  add(path: string): void {
    if (this.#stopped) return;
    this.#paths.add(path);
    this.#running ??= this.#run();
  }

  get size(): number {
    return this.#paths.size;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#paths.clear();
    await this.#running;
  }

  async #run(): Promise<void> {
    // What comes in the same turn is gathered first.
    await Promise.resolve();
    for (const path of this.#paths) {
      this.#paths.delete(path);
      await this.#take(path);
    }
    this.#running = null;
  }
}
