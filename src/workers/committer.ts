import type { Logger } from 'pino';
import type { CommitInput, CommitResult, StateStore } from '../shared/state/contract.js';

/** Most observations in one round trip: a larger one keeps the state's one slot, or row lock, too long. */
const MAX_COMMIT = 200;

interface Waiting {
  readonly inputs: readonly CommitInput[];
  readonly resolve: (results: CommitResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Told of what was committed, with the log's new entries in it. */
export interface CommitListener {
  committed(input: CommitInput, result: CommitResult): void;
  /** The log may have grown: the sinks are to be woken. */
  logGrew(): void;
}

/**
 * Lets jobs that commit at the same moment share a round trip and a transaction. If that fails they go one job at
 * a time, so that one bad commit fails its own job alone.
 */
export class Committer {
  readonly #state: StateStore;
  readonly #listener: CommitListener;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #flushing = false;

  constructor(options: { state: StateStore; listener: CommitListener; log: Logger }) {
    this.#state = options.state;
    this.#listener = options.listener;
    this.#log = options.log;
  }

  /** @throws StateStoreError when the backend fails; nothing or all of a single input is then committed. */
  async commit(inputs: readonly CommitInput[]): Promise<CommitResult[]> {
    if (inputs.length === 0) return [];
    return new Promise((resolve, reject) => {
      this.#waiting.push({ inputs, resolve, reject });
      if (!this.#flushing) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    // Jobs that finish in the same turn of the event loop come along.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitTogether(this.#take());
    this.#flushing = false;
  }

  #take(): Waiting[] {
    let count = 0;
    const end = this.#waiting.findIndex(({ inputs }, index) => {
      count += inputs.length;
      return index > 0 && count > MAX_COMMIT;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #commitTogether(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#state.commit(batch.flatMap(({ inputs }) => inputs));
      let from = 0;
      for (const waiting of batch) {
        this.#finish(waiting, results.slice(from, from + waiting.inputs.length));
        from += waiting.inputs.length;
      }
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only) return only.reject(error);
      this.#log.debug(
        { err: error, jobs: batch.length },
        'A shared commit failed; each job commits by itself',
      );
      for (const waiting of batch) await this.#commitTogether([waiting]);
    }
  }

  #finish({ inputs, resolve }: Waiting, results: CommitResult[]): void {
    let grew = false;
    inputs.forEach((input, index) => {
      const result = results[index];
      if (!result) return;
      this.#listener.committed(input, result);
      // What is stale may have been committed just now by whoever was cut off before waking anybody.
      grew ||= result.kind === 'stale' || (result.kind === 'committed' && result.outcome !== 'unchanged');
    });
    if (grew) this.#listener.logGrew();
    resolve(results);
  }
}
