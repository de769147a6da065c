/** An observation that was numbered and sent, and is not known to be committed. */
export interface UnderWay {
  readonly key: string;
  readonly number: number;
  /** Jobs that may have it: of its chunk, and its own. */
  readonly jobIds: readonly string[];
  /** Its turn among all that the intake was given. */
  readonly ticket: number;
  /** When the state was last asked for it, and when the queues were; on the clock of `performance.now`, in ms. */
  askedAt: number;
  failureAskedAt: number;
}

/** Observations under way, the oldest first. One source may have several. */
export class ObservationsUnderWay implements Iterable<UnderWay> {
  readonly #byNumber = new Map<number, UnderWay>();
  readonly #byKey = new Map<string, UnderWay[]>();

  get size(): number {
    return this.#byNumber.size;
  }

  /** Ticket of the oldest; undefined when nothing is under way. */
  get oldestTicket(): number | undefined {
    for (const { ticket } of this.#byNumber.values()) return ticket;
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<UnderWay> {
    return this.#byNumber.values();
  }

  has(entry: UnderWay): boolean {
    return this.#byNumber.get(entry.number) === entry;
  }

  /** Whether no later observation of its source is under way. */
  isLatest(entry: UnderWay): boolean {
    return this.#byKey.get(entry.key)?.at(-1) === entry;
  }

  /** Adds one with a number higher than all before. */
  add(entry: UnderWay): void {
    this.#byNumber.set(entry.number, entry);
    const ofSource = this.#byKey.get(entry.key);
    if (ofSource) ofSource.push(entry);
    else this.#byKey.set(entry.key, [entry]);
  }

  remove(entry: UnderWay): void {
    this.#take(entry.key, (other) => other === entry);
  }

  /** A commit answers for all observations of its source up to its own. Answers whether any was under way. */
  removeUpTo(key: string, number: number): boolean {
    return this.#take(key, (entry) => entry.number <= number);
  }

  #take(key: string, which: (entry: UnderWay) => boolean): boolean {
    const ofSource = this.#byKey.get(key);
    if (!ofSource) return false;
    const left = ofSource.filter((entry) => !which(entry));
    for (const entry of ofSource) if (which(entry)) this.#byNumber.delete(entry.number);
    if (left.length > 0) this.#byKey.set(key, left);
    else this.#byKey.delete(key);
    return left.length < ofSource.length;
  }
}
