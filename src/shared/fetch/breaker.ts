/** When a host is left alone. Times in milliseconds. */
export interface BreakerLimits {
  /** Failures in a row after which the host rests. */
  readonly failures: number;
  /** The first rest; each trial that fails doubles it. */
  readonly restMs: number;
  /** The longest rest. */
  readonly maxRestMs: number;
}

export const DEFAULT_BREAKER: BreakerLimits = Object.freeze({
  failures: 5,
  restMs: 30_000,
  maxRestMs: 30 * 60_000,
});

/**
 * What an exchange said about its host: `answered`, whatever the answer was; `failed`, a connection that failed or timed
 * out, a 429 or a 5xx; `none`, when it never came to ask the host or was ended by us.
 */
export type HostVerdict = 'answered' | 'failed' | 'none';

/**
 * The circuit breaker of one host: a pure state machine, moments are handed in (milliseconds of any one clock).
 *
 * Closed until so many failures in a row; then the host rests; then one exchange is let through on trial. If the host
 * answers it the breaker closes, else the host rests twice as long. Apart from that a host rests for as long as it asked
 * for with `Retry-After`.
 */
export class Breaker {
  readonly #limits: BreakerLimits;
  #failures = 0;
  #restMs: number;
  /** End of the rest; null while closed. */
  #openUntil: number | null = null;
  #onTrial = false;
  #askedUntil = Number.NEGATIVE_INFINITY;

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
    this.#restMs = limits.restMs;
  }

  /**
   * How long the host still rests, in milliseconds: null when it may be asked, 0 when a trial is under way that is about
   * to tell.
   */
  restLeft(now: number): number | null {
    const until = Math.max(this.#openUntil ?? Number.NEGATIVE_INFINITY, this.#askedUntil);
    if (until > now) return until - now;
    return this.#onTrial ? 0 : null;
  }

  /**
   * An exchange starts, which `restLeft` has allowed. Exactly one `settle` is due.
   * @returns whether it is the trial after a rest
   */
  start(): boolean {
    const isTrial = this.#openUntil !== null;
    if (isTrial) this.#onTrial = true;
    return isTrial;
  }

  /** What came of an exchange. `retryAfterMs`: how long the host asked to be left alone. */
  settle(now: number, verdict: HostVerdict, isTrial: boolean, retryAfterMs = 0): void {
    if (isTrial) this.#onTrial = false;
    if (retryAfterMs > 0) this.#askedUntil = Math.max(this.#askedUntil, now + retryAfterMs);
    // What was under way when the rest began says nothing new about the host.
    if (this.#openUntil !== null && !isTrial) return;
    if (verdict === 'answered') this.#close();
    else if (verdict === 'failed') this.#failed(now, isTrial);
  }

  /** Whether nothing is lost by forgetting this host. */
  isPristine(now: number): boolean {
    return this.#failures === 0 && this.#openUntil === null && this.#askedUntil <= now;
  }

  #close(): void {
    this.#failures = 0;
    this.#openUntil = null;
    this.#restMs = this.#limits.restMs;
  }

  #failed(now: number, isTrial: boolean): void {
    this.#failures++;
    if (isTrial) this.#restMs = Math.min(this.#restMs * 2, this.#limits.maxRestMs);
    else if (this.#failures < this.#limits.failures) return;
    this.#openUntil = now + this.#restMs;
  }
}
