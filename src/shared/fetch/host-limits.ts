import { Breaker, DEFAULT_BREAKER, type BreakerLimits, type HostVerdict } from './breaker.js';
import { HostSlots, type SlotLimits } from './host-slots.js';

/** Hosts remembered at most: content names hosts without end. The one asked longest ago is forgotten first. */
const MAX_HOSTS = 5000;
/**
 * How long a caller in a hurry waits for a slot. Long enough for a busy host that answers, so that its pictures need not
 * go back to the queue; short enough that a slow one does not hold a worker.
 */
export const BRIEF_WAIT_MS = 500;

export interface HostLimitsOptions extends SlotLimits {
  readonly breaker: BreakerLimits;
  /** Milliseconds of a clock that never goes back; the process's own by default. */
  readonly now?: () => number;
}

/** What a caller that wants to ask a host is told. */
export type Entry =
  | { readonly kind: 'go'; readonly leave: (verdict: HostVerdict, retryAfterMs?: number) => void }
  /** The host is left alone; `leftMs`: until it may be asked again, 0 when a trial is about to tell. */
  | { readonly kind: 'resting'; readonly leftMs: number }
  /** No slot for now; `waitMs`: when to ask again at the earliest. */
  | { readonly kind: 'busy'; readonly waitMs: number };

export interface EnterOptions {
  /** True for a caller that would rather come back later than wait longer than `BRIEF_WAIT_MS`. */
  readonly isBrief: boolean;
  /** Ends the wait: `enter` then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly resolve: (entry: Entry) => void;
}

interface Host {
  readonly breaker: Breaker;
  readonly slots: HostSlots;
  readonly waiters: Waiter[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * How this process treats each host: so many exchanges at once and in a second, and rests (`Breaker`). A host is a name
 * and a port. One for the process; safe to call concurrently. Who waits gets in in the order of asking.
 */
export class HostLimits {
  readonly #options: HostLimitsOptions;
  readonly #now: () => number;
  /** By host, the one asked last at the end. */
  readonly #hosts = new Map<string, Host>();

  constructor(options: HostLimitsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Hosts remembered now. */
  get size(): number {
    return this.#hosts.size;
  }

  /**
   * Asks to begin an exchange with a host. After `go` exactly one call of `leave` is due.
   * @param host name and port
   * @throws the signal's reason
   */
  async enter(host: string, { isBrief, signal }: EnterOptions): Promise<Entry> {
    signal.throwIfAborted();
    const entry = this.#host(host);
    const now = this.#now();
    const leftMs = entry.breaker.restLeft(now);
    if (leftMs !== null) return { kind: 'resting', leftMs };
    if (entry.waiters.length === 0 && entry.slots.waitLeft(now) === 0) return this.#start(entry);
    if (isBrief) {
      const expected = entry.slots.expectedWaitMs(now, entry.waiters.length);
      if (expected > BRIEF_WAIT_MS) return { kind: 'busy', waitMs: this.#waitMs(entry) };
    }
    return this.#wait(entry, isBrief, signal);
  }

  #host(key: string): Host {
    const known = this.#hosts.get(key);
    const host = known ?? {
      breaker: new Breaker(this.#options.breaker),
      slots: new HostSlots(this.#options),
      waiters: [],
      timer: undefined,
    };
    this.#hosts.delete(key);
    this.#hosts.set(key, host);
    if (!known) this.#forgetOldest();
    return host;
  }

  /** Drops the host asked longest ago, one with nothing to remember if there is one among the oldest. */
  #forgetOldest(): void {
    if (this.#hosts.size <= MAX_HOSTS) return;
    const now = this.#now();
    let oldest: string | undefined;
    let looked = 0;
    for (const [key, { breaker, slots, waiters }] of this.#hosts) {
      if (slots.taken > 0 || waiters.length > 0) continue;
      oldest ??= key;
      if (breaker.isPristine(now)) {
        oldest = key;
        break;
      }
      if (++looked === 100) break;
    }
    if (oldest !== undefined) this.#hosts.delete(oldest);
  }

  #start(host: Host): Entry {
    const takenAt = this.#now();
    host.slots.take(takenAt);
    const isTrial = host.breaker.start();
    let hasLeft = false;
    return {
      kind: 'go',
      leave: (verdict, retryAfterMs) => {
        if (hasLeft) return;
        hasLeft = true;
        const now = this.#now();
        host.slots.free(now, takenAt);
        host.breaker.settle(now, verdict, isTrial, retryAfterMs);
        this.#letIn(host);
      },
    };
  }

  #wait(host: Host, isBrief: boolean, signal: AbortSignal): Promise<Entry> {
    return new Promise<Entry>((resolve, reject) => {
      const waiter: Waiter = { resolve: (entry) => end(() => resolve(entry)) };
      // Leaves the line in the same turn: whoever is let in while no longer waiting would keep a slot for ever.
      const end = (settle: () => void): void => {
        const at = host.waiters.indexOf(waiter);
        if (at !== -1) host.waiters.splice(at, 1);
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        settle();
      };
      const stop = (): void => end(() => reject(reasonOf(signal)));
      const giveUp = (): void => waiter.resolve({ kind: 'busy', waitMs: this.#waitMs(host) });
      const timer = isBrief ? setTimeout(giveUp, BRIEF_WAIT_MS) : undefined;
      signal.addEventListener('abort', stop, { once: true });
      host.waiters.push(waiter);
      this.#letIn(host);
    });
  }

  /** Lets in who waits as far as slots, rate and breaker allow. */
  #letIn(host: Host): void {
    clearTimeout(host.timer);
    host.timer = undefined;
    for (;;) {
      const [first] = host.waiters;
      if (!first) return;
      const now = this.#now();
      const leftMs = host.breaker.restLeft(now);
      const waitMs = host.slots.waitLeft(now);
      if (leftMs === null && waitMs > 0) {
        if (Number.isFinite(waitMs)) host.timer = setTimeout(() => this.#letIn(host), waitMs).unref();
        return;
      }
      first.resolve(leftMs === null ? this.#start(host) : { kind: 'resting', leftMs });
    }
  }

  /** When to ask again: behind those that wait, as far as that is known. */
  #waitMs({ slots, waiters }: Host): number {
    return slots.expectedWaitMs(this.#now(), waiters.length);
  }
}

/** Limits as they are unless something else is asked for: no rate, as most hosts want their pictures fetched. */
export const DEFAULT_HOST_LIMITS: HostLimitsOptions = Object.freeze({
  connectionsPerHost: 6,
  ratePerHost: null,
  breaker: DEFAULT_BREAKER,
});

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
