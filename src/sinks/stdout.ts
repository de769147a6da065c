import { UsageError } from '../shared/errors/errors.js';
import type { Batch, Outcome, Sink, SinkDriver } from './contract.js';

/**
 * `stdout:`: prints each event as a line on standard output, in order, at least once: what was printed before a crash may
 * come again with the same id. A reader that is slow holds up this sink alone; when it has gone, the sink has
 * ended, and so has the reason to run.
 */
export const stdout: SinkDriver = {
  scheme: 'stdout',
  usage: 'stdout:',
  summary: 'Prints each event as a line of JSON on standard output.',
  inEffect: 'at-least-once',
  ownsStdout: true,
  prepare(url) {
    if (url !== 'stdout:')
      throw new UsageError(`The sink ${url} takes nothing after the colon; write stdout:.`);
    return () => new StdoutSink(process.stdout);
  },
};

class StdoutSink implements Sink {
  readonly #stream: NodeJS.WriteStream;
  #closed: Error | null = null;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  async open(): Promise<null> {
    this.#stream.off('error', this.#onError).on('error', this.#onError);
    await this.check();
    return null;
  }

  async deliver({ deliveries }: Batch): Promise<Outcome> {
    const failure = await this.#print(deliveries.map(({ json }) => `${json}\n`).join(''));
    if (failure === null) return { kind: 'done', taken: deliveries.length };
    this.#closed = failure;
    return { kind: 'lost', taken: 0, reason: 'standard output was closed', cause: failure };
  }

  /** Waits until the reader's side has it, or until it is known to have gone; answers why. */
  #print(text: string): Promise<Error | null> {
    return new Promise((resolve) => {
      this.#stream.write(text, (error) => resolve(error ?? null));
    });
  }

  async check(): Promise<void> {
    if (this.#closed || this.#stream.destroyed)
      throw new Error('Standard output is closed: its reader has gone.');
  }

  /**
   * Standard output is the process's and stays open. The listener stays too: a stream may tell of a reader that went
   * when the sink is closed already, which without a listener would end the process.
   */
  async close(): Promise<void> {}

  readonly #onError = (error: Error): void => {
    this.#closed = error;
  };
}
