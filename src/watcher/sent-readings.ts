import type { Intake } from './ports.js';

interface Sent {
  /** Null when the removal was sent. */
  readonly fingerprint: string | null;
  readonly round: number;
}

/**
 * What this process has sent of each source and what is perhaps not committed yet, so that the state's rows do not
 * tell of it. Once all is committed the rows do, and the memory is cleared.
 */
export class SentReadings {
  readonly #sent = new Map<string, Sent>();
  #round = 0;

  get size(): number {
    return this.#sent.size;
  }

  /** The fingerprint last sent, null for a removal, undefined when the row is to be believed. */
  last(key: string): string | null | undefined {
    return this.#sent.get(key)?.fingerprint;
  }

  note(key: string, fingerprint: string | null): void {
    this.#sent.set(key, { fingerprint, round: this.#round });
  }

  /** Keys that start with the prefix and whose last sending was not a removal, with their fingerprints. */
  *under(prefix: string): IterableIterator<{ key: string; fingerprint: string }> {
    for (const [key, { fingerprint }] of this.#sent) {
      if (fingerprint !== null && key.startsWith(prefix)) yield { key, fingerprint };
    }
  }

  /** Waits until all that was sent is committed, and forgets what was sent before the call. */
  async forgetCommitted(intake: Intake): Promise<void> {
    this.#round += 1;
    const before = this.#round;
    await intake.settled();
    for (const [key, { round }] of this.#sent) if (round < before) this.#sent.delete(key);
  }
}
