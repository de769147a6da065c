import { readSource, type Reading } from './read-source.js';
import { adaptiveAccess, type FileAccess } from './file-access.js';
import { Crew } from './crew.js';
import { isGone, isUnchanged, matchesStat, sameLook, type FileLook, type Look } from './file-look.js';
import { HeldRemovals, type HeldRemoval } from './held-removals.js';
import { KnownRows, type KnownSource } from './known-rows.js';
import { systemOpenFiles, type OpenFiles, type Writers } from './open-files.js';
import type { Limits } from './options.js';
import type { WatchPorts } from './ports.js';
import { absoluteOf, keyOf, type Root } from './root.js';
import { SentReadings } from './sent-readings.js';
import { LOOK_AGAIN_MS, nextStep } from './whole-file.js';
import type { Sighting } from '../shared/state/observation.js';

/**
 * What became of a file: sent as new, as changed or touched, as a rename; not sent, because its content is what was
 * sent last; not read, because it is as it was; not there (or no file any more).
 */
export type Taken = 'added' | 'changed' | 'moved' | 'same' | 'unchanged' | 'absent';

/** What a taker tells besides its answers. */
export interface TakerHooks {
  /** There is no file at this path; new files wait for the answer before they are called new. */
  readonly onAbsent?: (path: string) => Promise<void>;
}

interface Active {
  again: boolean;
  readonly done: Promise<Taken>;
}

/**
 * Takes files one by one: waits until each is whole, reads it once, and sends what is news. A file is never taken
 * twice at the same time; one that is asked for while it is being taken is looked at once more afterwards.
 */
export class Taker {
  readonly root: Root;
  readonly removals = new HeldRemovals();
  readonly sent = new SentReadings();
  readonly #limits: Limits;
  readonly #ports: WatchPorts;
  readonly #signal: AbortSignal;
  readonly #hooks: TakerHooks;
  readonly #rows: KnownRows;
  readonly #access: FileAccess;
  readonly #openFiles: OpenFiles;
  readonly #crew: Crew;
  readonly #active = new Map<string, Active>();

  constructor(root: Root, limits: Limits, ports: WatchPorts, signal: AbortSignal, hooks: TakerHooks = {}) {
    this.root = root;
    this.#limits = limits;
    this.#ports = ports;
    this.#signal = signal;
    this.#hooks = hooks;
    this.#rows = new KnownRows(ports.book);
    this.#access = ports.access ?? adaptiveAccess();
    this.#openFiles = ports.openFiles ?? systemOpenFiles();
    this.#crew = new Crew(limits.concurrency);
  }

  /**
   * Begins to take the file at a path under the root, when there is room. `known` is its row where the caller has it.
   * `done` rejects with what the state or intake throws, or the signal's reason when it is aborted.
   */
  async begin(path: string, known?: KnownSource | null): Promise<{ readonly done: Promise<Taken> }> {
    const active = this.#askAgain(path);
    if (active !== null) return active;
    await this.#crew.enter();
    const meanwhile = this.#askAgain(path);
    if (meanwhile !== null) {
      this.#crew.leave();
      return meanwhile;
    }
    const entry: Active = { again: false, done: this.#run(path, () => this.#take(path, known)) };
    this.#active.set(path, entry);
    return entry;
  }

  /** All that is being taken now; never rejects. */
  async underWay(): Promise<void> {
    await Promise.allSettled([...this.#active.values()].map((active) => active.done));
  }

  get busy(): boolean {
    return this.#active.size > 0;
  }

  /** The row of a source as it stands, or what was sent of it since; null when it is not known. */
  async lastKnown(path: string): Promise<HeldRemoval | null> {
    const key = keyOf(this.root, path);
    const last = this.sent.last(key);
    if (last === null) return null;
    const fingerprint = last ?? (await this.#rows.find(key))?.fingerprint;
    return fingerprint === undefined ? null : { key, path, fingerprint };
  }

  /**
   * Tells of a removal, unless there is a file again: that is then taken. Answers whether it was told.
   * Rejects as `begin` does.
   */
  async remove(removal: HeldRemoval): Promise<boolean> {
    await this.#crew.enter();
    if (this.#askAgain(removal.path) !== null) {
      this.#crew.leave();
      return false;
    }
    const entry: Active = { again: false, done: this.#run(removal.path, () => this.#tellGone(removal)) };
    this.#active.set(removal.path, entry);
    return (await entry.done) === 'absent';
  }

  async #tellGone(removal: HeldRemoval): Promise<Taken> {
    this.removals.release(removal.key);
    if (!isGone(await this.#access.look(absoluteOf(this.root, removal.path))))
      return this.#take(removal.path, undefined);
    await this.#ports.intake.gone({ key: removal.key, path: removal.path });
    this.sent.note(removal.key, null);
    return 'absent';
  }

  #askAgain(path: string): Active | null {
    const active = this.#active.get(path);
    if (active === undefined) return null;
    active.again = true;
    return active;
  }

  /** Entered with a place in the crew, which it leaves. */
  async #run(path: string, first: () => Promise<Taken>): Promise<Taken> {
    try {
      // The entry goes into the map after this has returned its promise.
      await Promise.resolve();
      let taken = await first();
      for (let entry = this.#active.get(path); entry?.again === true; entry = this.#active.get(path)) {
        entry.again = false;
        const next = await this.#take(path, undefined);
        // A second look that found nothing new does not undo what the first one did.
        if (next !== 'same' && next !== 'unchanged') taken = next;
      }
      return taken;
    } finally {
      this.#active.delete(path);
      this.#crew.leave();
    }
  }

  async #take(path: string, given: KnownSource | null | undefined): Promise<Taken> {
    const key = keyOf(this.root, path);
    const known = given === undefined ? this.#rows.find(key) : Promise.resolve(given);
    // Looked up beside the reading; a failure is met where it is awaited.
    known.catch(() => undefined);
    const reading = await this.#readWhole(path, async (look) => {
      if (this.sent.last(key) !== undefined) return false;
      const row = await known;
      return row !== null && isUnchanged(look, row.stat);
    });
    if (reading === 'absent') {
      // Once more for a file that went while it was read; noting it twice does nothing.
      await this.#hooks.onAbsent?.(path);
      return 'absent';
    }
    this.removals.release(key);
    if (reading === 'unchanged') return 'unchanged';
    return this.#send(key, path, reading, await known);
  }

  async #send(key: string, path: string, reading: Reading, row: KnownSource | null): Promise<Taken> {
    const last = this.sent.last(key);
    if (last === reading.fingerprint) return 'same';
    const touched = last === undefined && row?.fingerprint === reading.fingerprint;
    // Nothing new to note while the stat is not worth more than the stored one.
    if (touched && row.stat !== null && row.stat.settled === reading.stat.settled) {
      if (matchesStat(reading.look, row.stat)) return 'same';
    }
    const isNew = last === null || (last === undefined && row === null);
    const from = isNew ? await this.#claim(reading.fingerprint, path) : null;
    const sighting = sightingOf(key, path, reading, touched, from);
    try {
      await this.#ports.intake.present(sighting);
    } catch (error) {
      if (from !== null) this.removals.hold(from, from.holder);
      throw error;
    }
    this.sent.note(key, reading.fingerprint);
    if (from !== null) this.sent.note(from.key, null);
    if (from !== null) return 'moved';
    return isNew ? 'added' : 'changed';
  }

  /** The source that was renamed to this path, if one with this content is gone and has not come back. */
  async #claim(fingerprint: string, path: string): Promise<(HeldRemoval & { holder: symbol }) | null> {
    await this.removals.loaded();
    for (;;) {
      const from = this.removals.claim(fingerprint, path);
      if (from === null || isGone(await this.#access.look(absoluteOf(this.root, from.path)))) return from;
    }
  }

  /** Waits until the file is whole and reads it. The place in the crew is free for others while it waits. */
  async #readWhole(
    path: string,
    unchanged: (look: FileLook) => Promise<boolean>,
  ): Promise<Reading | 'absent' | 'unchanged'> {
    const absolute = absoluteOf(this.root, path);
    const firstSeenMs = Date.now();
    let draft: Draft | null = null;
    for (;;) {
      this.#signal.throwIfAborted();
      const now: Look = await (draft === null ? this.#firstLook(path) : this.#access.look(absolute));
      if (now.kind !== 'file') return 'absent';
      if (draft === null && (await unchanged(now.look))) return 'unchanged';
      if (draft === null) draft = { look: now.look, firstSeenMs, changedMs: firstSeenMs, judged: 'unread' };
      else if (!sameLook(draft.look, now.look)) {
        draft = { look: now.look, firstSeenMs, changedMs: Date.now(), judged: 'unread' };
      }
      const step = await this.#advance(absolute, draft);
      if (step === 'gone') return 'absent';
      if (step === 'changed' || step === 'wait') await this.#crew.rest(LOOK_AGAIN_MS, this.#signal);
      else return step;
    }
  }

  /**
   * Of a rename the old name comes first, but both are looked at side by side: the new one waits, before it is called
   * new, until the looks begun before it have told what is gone.
   */
  #firstLook(path: string): Promise<Look> {
    const look = this.#access.look(absoluteOf(this.root, path));
    const told = look.then((now) => (isGone(now) ? this.#hooks.onAbsent?.(path) : undefined));
    this.removals.whileLoading(told);
    return look;
  }

  /** Goes as far as one look allows. What is read and not whole yet is dropped: many wait at the same time. */
  async #advance(absolute: string, draft: Draft): Promise<Reading | 'gone' | 'changed' | 'wait'> {
    let writers: Writers | 'unasked' = 'unasked';
    for (;;) {
      const { judged: content } = draft;
      const step = nextStep({ ...draft, nowMs: Date.now(), writers, content });
      if (step === 'wait') return 'wait';
      if (step === 'ask') {
        // Without a place, so that all files that wait at this moment share one pass.
        writers = await this.#crew.aside(() => this.#openFiles.ask(draft.look));
        continue;
      }
      const result = await readSource(this.#access, absolute, draft.look, this.#limits.maxBytes);
      if (result.kind !== 'read') return result.kind;
      if (step === 'take' || this.#judge(result) === 'valid') return result;
      draft.judged = 'invalid';
    }
  }

  #judge(reading: Reading): 'valid' | 'invalid' {
    return reading.text !== undefined && this.#ports.isValid(reading.text) ? 'valid' : 'invalid';
  }
}

/** A file on its way to being taken. */
interface Draft {
  readonly look: FileLook;
  /** Epoch milliseconds of the first look, and of the last that differed from the one before. */
  readonly firstSeenMs: number;
  readonly changedMs: number;
  /** Whether what was read at this look is no article yet. */
  judged: 'unread' | 'invalid';
}

function sightingOf(
  key: string,
  path: string,
  reading: Reading,
  touched: boolean,
  from: HeldRemoval | null,
): Sighting {
  return {
    kind: 'present',
    key,
    path,
    stat: reading.stat,
    fingerprint: reading.fingerprint,
    ...(reading.text === undefined ? {} : { text: reading.text }),
    ...(reading.problem === undefined ? {} : { problem: reading.problem }),
    ...(touched ? { sameAsCommitted: true as const } : {}),
    ...(from === null ? {} : { movedFrom: { key: from.key, path: from.path } }),
  };
}
