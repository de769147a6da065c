/** The phase that is all of a fetch. */
export const TOTAL_PHASE = 'fetch';

/** A cap on time ran out. Internal to the fetch: it becomes the reason `timeout`. */
export class FetchTimeoutError extends Error {
  readonly phase: string;

  constructor(phase: string, limitMs: number) {
    super(`no end of the ${phase} within ${limitMs} ms`);
    this.name = 'FetchTimeoutError';
    this.phase = phase;
  }
}

/** The clock of one fetch: a total, and within it one phase at a time. */
export interface Deadlines {
  /** Aborts with a FetchTimeoutError when the total or the present phase has run out. */
  readonly signal: AbortSignal;
  /** Ends the phase before and begins this one. */
  enter(phase: string, limitMs: number): void;
  /** Ends the phase; only the total goes on. */
  leave(): void;
  /** Stops all timers. */
  end(): void;
}

/** Starts the total. Undici's own time-outs count gaps between packets, which a drip feed never lets pass. */
export function startDeadlines(totalMs: number): Deadlines {
  const controller = new AbortController();
  const expire = (phase: string, limitMs: number): NodeJS.Timeout =>
    setTimeout(() => controller.abort(new FetchTimeoutError(phase, limitMs)), limitMs);
  const total = expire(TOTAL_PHASE, totalMs);
  let phaseTimer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    enter(phase, limitMs) {
      clearTimeout(phaseTimer);
      phaseTimer = expire(phase, limitMs);
    },
    leave() {
      clearTimeout(phaseTimer);
    },
    end() {
      clearTimeout(total);
      clearTimeout(phaseTimer);
    },
  };
}
