/** A source whose file is gone. */
export interface HeldRemoval {
  readonly key: string;
  readonly path: string;
  readonly fingerprint: string;
}

/**
 * Sources that are gone and of which this is not told yet, because a new file with the same content would make it
 * a rename. Whoever holds a removal tells of it in the end: a scan of its own, live events theirs.
 */
export class HeldRemovals {
  readonly #held = new Map<string, HeldRemoval & { readonly holder: symbol }>();
  readonly #byFingerprint = new Map<string, Set<string>>();
  readonly #loading = new Set<Promise<unknown>>();

  /** Holds a removal; one that is held already stays with its holder. Answers whether it is new. */
  hold(removal: HeldRemoval, holder: symbol): boolean {
    if (this.#held.has(removal.key)) return false;
    this.#held.set(removal.key, { ...removal, holder });
    const same = this.#byFingerprint.get(removal.fingerprint);
    if (same === undefined) this.#byFingerprint.set(removal.fingerprint, new Set([removal.key]));
    else same.add(removal.key);
    return true;
  }

  /** Drops a removal: the file is back, or the removal was told. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    const same = this.#byFingerprint.get(held.fingerprint);
    same?.delete(key);
    if (same?.size === 0) this.#byFingerprint.delete(held.fingerprint);
  }

  /** Takes out a removed source with this content, one of the same file name first; null when there is none. */
  claim(fingerprint: string, path: string): (HeldRemoval & { readonly holder: symbol }) | null {
    const name = path.slice(path.lastIndexOf('/'));
    let chosen: (HeldRemoval & { readonly holder: symbol }) | null = null;
    for (const key of this.#byFingerprint.get(fingerprint) ?? []) {
      const held = this.#held.get(key);
      if (held === undefined) continue;
      chosen ??= held;
      if (held.path.slice(held.path.lastIndexOf('/')) !== name) continue;
      chosen = held;
      break;
    }
    if (chosen !== null) this.release(chosen.key);
    return chosen;
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  heldBy(holder: symbol): HeldRemoval[] {
    return [...this.#held.values()].filter((held) => held.holder === holder);
  }

  /** Removals that are still being looked up; a new file waits for them before it is called new. */
  whileLoading(lookup: Promise<unknown>): void {
    const forget = (): void => void this.#loading.delete(done);
    const done: Promise<void> = lookup.then(forget, forget);
    this.#loading.add(done);
  }

  /** Resolves when the lookups that were going on are done; not those begun meanwhile, or it could last for ever. */
  async loaded(): Promise<void> {
    if (this.#loading.size > 0) await Promise.all(this.#loading);
  }
}
