import { isGone, isUnchanged, lookAt } from './file-look.js';
import type { HeldRemoval } from './held-removals.js';
import { knownSource, type KnownSource } from './known-rows.js';
import type { SourceBook } from './ports.js';
import { absoluteOf, keyOf, keyPrefix, type Root } from './root.js';
import type { SeenFiles } from './seen-files.js';
import type { SourceRow } from '../shared/state/rows.js';

const NEW = 0;
const UNCHANGED = 1;
const UNCHANGED_REJECTED = 2;
const CHANGED = 3;

/** What a walk found, held against what is known. */
export interface Survey {
  readonly files: SeenFiles;
  /** Sources that were known under this root before. */
  readonly known: number;
  /** Known sources whose file is no longer there. */
  readonly missing: readonly HeldRemoval[];
  /** What is to be done with the file at this index; for `take` with what is known of it, null for a new one. */
  verdict(index: number): Verdict;
}

export type Verdict =
  | { readonly kind: 'unchanged' | 'unchanged-rejected' }
  | { readonly kind: 'take'; readonly known: KnownSource | null };

const LOOKS_AT_ONCE = 256;

/**
 * Holds the files of a walk against the rows of their root, in one pass over the rows, page by page.
 * @throws what the state throws, or the signal's reason when it is aborted.
 */
export async function survey(
  root: Root,
  files: SeenFiles,
  book: SourceBook,
  signal: AbortSignal,
): Promise<Survey> {
  const state = new Uint8Array(files.size);
  const changed = new Map<number, KnownSource>();
  const unseen: HeldRemoval[] = [];
  const prefix = keyPrefix(root);
  let known = 0;
  for await (const page of rowsOf(root, book)) {
    signal.throwIfAborted();
    for (const row of page) {
      const source = knownSource(row);
      if (source === null) continue;
      known += 1;
      // The path inside this root: a row may have been made through another root with the same prefix.
      const path = row.key.slice(prefix.length);
      const index = files.indexOf(path);
      if (index === undefined) {
        unseen.push({ key: row.key, path, fingerprint: row.fingerprint });
      } else if (isUnchanged(files.lookAt(index), row.stat)) {
        state[index] = row.problems === null ? UNCHANGED : UNCHANGED_REJECTED;
      } else {
        state[index] = CHANGED;
        changed.set(index, source);
      }
    }
  }
  const missing = await onlyGone(root, unseen, signal);
  return { files, known, missing, verdict: (index) => verdictOf(state[index] ?? NEW, changed.get(index)) };
}

function verdictOf(state: number, known: KnownSource | undefined): Verdict {
  if (state === UNCHANGED) return { kind: 'unchanged' };
  if (state === UNCHANGED_REJECTED) return { kind: 'unchanged-rejected' };
  return { kind: 'take', known: known ?? null };
}

/** All rows of the root; for a file given alone only its own, so that nothing is inferred about the others. */
async function* rowsOf(root: Root, book: SourceBook): AsyncGenerator<readonly SourceRow[]> {
  if (root.only === undefined) {
    yield* book.scanSources(keyPrefix(root));
    return;
  }
  const rows = await book.sources([keyOf(root, root.only)]);
  yield [...rows.values()].filter((row) => row !== null);
}

/** Those of which the system says for certain that there is no file any more. */
async function onlyGone(
  root: Root,
  unseen: readonly HeldRemoval[],
  signal: AbortSignal,
): Promise<HeldRemoval[]> {
  const gone: HeldRemoval[] = [];
  for (let start = 0; start < unseen.length; start += LOOKS_AT_ONCE) {
    signal.throwIfAborted();
    const some = unseen.slice(start, start + LOOKS_AT_ONCE);
    const looks = await Promise.all(some.map((one) => lookAt(absoluteOf(root, one.path))));
    gone.push(...some.filter((_, index) => isGone(looks[index] ?? { kind: 'absent' })));
  }
  return gone;
}
