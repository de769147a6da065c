/** How hard one host may be asked by this process. */
export interface SlotLimits {
  /** Exchanges with one host at once. */
  readonly connectionsPerHost: number;
  /** Exchanges with one host begun in a second, evenly spaced; null for no limit. */
  readonly ratePerHost: number | null;
}

/** Weight of the newest exchange in the mean: a host that becomes slow or quick again is believed within a few. */
const NEWEST = 0.2;

/**
 * The slots of one host: how many exchanges are under way and when the next may begin. A pure state machine, moments
 * are handed in (milliseconds of any one clock).
 */
export class HostSlots {
  readonly #limits: SlotLimits;
  #taken = 0;
  /** The rate allows no exchange before this moment. */
  #nextAt = Number.NEGATIVE_INFINITY;
  #meanExchangeMs = 0;
  /** When all slots were last filled, or one became free. */
  #movedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Milliseconds until an exchange may begin: 0 for now, Infinity while no slot is free. */
  waitLeft(now: number): number {
    if (this.#taken >= this.#limits.connectionsPerHost) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#nextAt - now);
  }

  /** An exchange begins, which `waitLeft` has allowed. */
  take(now: number): void {
    this.#taken++;
    const { ratePerHost, connectionsPerHost } = this.#limits;
    if (ratePerHost !== null) this.#nextAt = Math.max(now, this.#nextAt) + 1000 / ratePerHost;
    if (this.#taken === connectionsPerHost) this.#movedAt = now;
  }

  /** An exchange that began at `takenAt` has ended. */
  free(now: number, takenAt: number): void {
    this.#taken--;
    this.#movedAt = now;
    this.#meanExchangeMs += (now - takenAt - this.#meanExchangeMs) * NEWEST;
  }

  /**
   * How long one more would wait behind `waiting` others, by how long exchanges took of late. The time since a slot was
   * last freed counts too, so a host that hangs is found out while it hangs.
   */
  expectedWaitMs(now: number, waiting: number): number {
    const { ratePerHost, connectionsPerHost } = this.#limits;
    const since = this.#taken >= connectionsPerHost ? now - this.#movedAt : 0;
    const forSlots = Math.max(this.#meanExchangeMs / connectionsPerHost, since) * (waiting + 1);
    if (ratePerHost === null) return forSlots;
    return Math.max(forSlots, this.#nextAt - now + (waiting * 1000) / ratePerHost);
  }
}
