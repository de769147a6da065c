import type { Batch, Outcome, Place, Sink } from '../../src/sinks/contract.js';

/** What the sink does with one batch. */
export type Scene = (batch: Batch) => Outcome | Promise<Outcome>;

/** A sink that does what the test says with the next batches, and takes all after that. Keeps to the contract, and notes where its caller does not. */
export class ScriptedSink implements Sink {
  /** Numbers of what it took, in order. */
  readonly taken: number[] = [];
  /** Numbers of each batch that it was given. */
  readonly given: number[][] = [];
  readonly lines: string[] = [];
  /** Calls in order. */
  readonly calls: string[] = [];
  readonly breaches: string[] = [];
  readonly scenes: Scene[] = [];
  /** The place that it remembers; null where it keeps none. */
  place: Place | null = null;
  remembers = true;
  openFails: Error | null = null;
  checkFails: Error | null = null;
  #open = false;
  #busy = false;

  async open(): Promise<Place | null> {
    this.calls.push('open');
    if (this.openFails) throw this.openFails;
    this.#open = true;
    return this.remembers ? this.place : null;
  }

  async deliver(batch: Batch): Promise<Outcome> {
    this.calls.push('deliver');
    if (!this.#open) this.breaches.push('deliver on a closed sink');
    if (this.#busy) this.breaches.push('two calls of deliver at a time');
    if (batch.deliveries.length === 0) this.breaches.push('an empty batch');
    this.#busy = true;
    try {
      this.given.push(batch.deliveries.map(({ number }) => number));
      const outcome = (await this.scenes.shift()?.(batch)) ?? takeAll(batch);
      for (const { number, json } of batch.deliveries.slice(0, outcome.taken)) {
        this.taken.push(number);
        this.lines.push(json);
      }
      if (outcome.taken > 0) this.place = batch.placeAfter(outcome.taken - 1);
      return outcome;
    } finally {
      this.#busy = false;
    }
  }

  async check(): Promise<void> {
    this.calls.push('check');
    if (this.#open) this.breaches.push('check on an open sink');
    if (this.checkFails) throw this.checkFails;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.#open = false;
  }
}

function takeAll({ deliveries }: Batch): Outcome {
  return { kind: 'done', taken: deliveries.length };
}

/** Takes all before this number, and then says this. */
export function upTo(number: number, rest: { kind: 'lost' | 'retry' | 'refused'; waitMs?: number }): Scene {
  return ({ deliveries }) => {
    const stuck = deliveries.findIndex((delivery) => delivery.number === number);
    if (stuck === -1) return { kind: 'done', taken: deliveries.length };
    return { ...rest, taken: stuck, reason: `it does not like ${number}` };
  };
}
