import type { Logger } from 'pino';
import type { JobQueue } from '../queues/backends/contract.js';
import { deliveryJob } from '../queues/job-options.js';
import { deliveryQueue } from '../queues/names.js';
import type { StateStore } from '../shared/state/contract.js';

/** How long the list of sinks is believed: one that another process registers is found within this. */
const SINKS_KNOWN_MS = 5000;
const TICK_MS = 10_000;

/** Puts the job that has a sink look at the log. BullMQ keeps at most one active and one waiting. */
export async function wakeSink(queue: JobQueue): Promise<void> {
  await queue.add('deliver', {}, deliveryJob());
}

/**
 * A slow tick that wakes the sink, so that a crash between a commit and its waking is healed. A job of its own name:
 * the templates of schedulers take no deduplication.
 */
export async function scheduleTick(queue: JobQueue): Promise<void> {
  await queue.upsertJobScheduler(
    'tick',
    { every: TICK_MS },
    { name: 'tick', data: {}, opts: { removeOnComplete: true, removeOnFail: true } },
  );
}

/**
 * Wakes the sinks when the log has grown, those of other processes too. Many wakings in a moment are one: while one is
 * being sent, the next only leaves a mark.
 */
export class Waker {
  readonly #state: StateStore;
  readonly #openQueue: (name: string) => JobQueue;
  readonly #log: Logger;
  readonly #queues = new Map<string, JobQueue>();
  #names: readonly string[] = [];
  #knownAt = Number.NEGATIVE_INFINITY;
  #again = false;
  #closed = false;
  #waking: Promise<void> | null = null;

  constructor(options: { state: StateStore; openQueue: (name: string) => JobQueue; log: Logger }) {
    this.#state = options.state;
    this.#openQueue = options.openQueue;
    this.#log = options.log;
  }

  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#waking ??= this.#wakeAll()
      .catch((error: unknown) => {
        this.#log.debug({ err: error }, 'The sinks could not be woken; the next tick wakes them');
      })
      .finally(() => {
        this.#waking = null;
        // One may have come after the last look.
        if (this.#again) this.wake();
      });
  }

  /** Sends what is to be sent still. Later wakings do nothing: a queue opened then would keep the process. */
  async close(): Promise<void> {
    while (this.#waking !== null) await this.#waking;
    this.#closed = true;
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #wakeAll(): Promise<void> {
    while (this.#again) {
      // What else grows the log in this turn of the event loop comes along.
      await Promise.resolve();
      this.#again = false;
      await Promise.all((await this.#sinks()).map((name) => wakeSink(this.#queue(name))));
    }
  }

  async #sinks(): Promise<readonly string[]> {
    if (performance.now() - this.#knownAt > SINKS_KNOWN_MS) {
      this.#names = (await this.#state.sinks()).map(({ name }) => name);
      this.#knownAt = performance.now();
    }
    return this.#names;
  }

  #queue(name: string): JobQueue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue = this.#openQueue(deliveryQueue(name));
    this.#queues.set(name, queue);
    return queue;
  }
}
