import { lookAt } from './file-look.js';
import { limitsOf, type Limits, type ScanOptions } from './options.js';
import type { WatchPorts } from './ports.js';
import { keyOf, type Root } from './root.js';
import { SeenFiles } from './seen-files.js';
import { survey, type Survey } from './survey.js';
import { Taker, type Taken } from './taker.js';
import { walk } from './walk.js';
import { withheldReason, type WithheldReason } from './withholding.js';

/** What a scan did. All counts are of files. */
export interface ScanReport {
  /** Article files that were there. */
  readonly seen: number;
  /** Not read, because they are as they were; of the second kind the last reading was bad. */
  readonly unchanged: number;
  readonly unchangedRejected: number;
  /** Read, whether or not there was news in them. */
  readonly read: number;
  /** Removals told. */
  readonly gone: number;
  /** Of those read, how many were renames. */
  readonly moved: number;
  /** Sources known under the root before. */
  readonly known: number;
  /** Removals not told, because they look like an unmounted disk. */
  readonly withheldRemovals: number;
  readonly reason: WithheldReason | null;
}

/**
 * Takes what is new or changed under a root, tells of what was renamed and of what is gone, in that order, and reads
 * nothing else. Resolves when all is given to the intake; additions are committed by then if there were removals.
 * @throws what the ports throw, the system's error when out of descriptors, the signal's reason when aborted.
 */
export async function scanRoot(
  root: Root,
  options: ScanOptions,
  ports: WatchPorts,
  signal: AbortSignal,
): Promise<ScanReport> {
  const limits = limitsOf(options);
  return scanWith(new Taker(root, limits, ports, signal), { ...limits, ...pick(options) }, ports, signal);
}

function pick(options: ScanOptions): Pick<ScanOptions, 'onFile'> {
  return options.onFile === undefined ? {} : { onFile: options.onFile };
}

/** What a scan in a running watcher has besides. */
export interface ScanHooks {
  readonly onFile?: ScanOptions['onFile'];
}

/** The scan with a taker that goes on being used afterwards. */
export async function scanWith(
  taker: Taker,
  options: Limits & ScanHooks,
  ports: WatchPorts,
  signal: AbortSignal,
): Promise<ScanReport> {
  const { root } = taker;
  const holder = Symbol('scan');
  const files = await walk(root, options.extensions, ports.log, signal);
  const found = await survey(root, files ?? new SeenFiles(), ports.book, signal);
  for (const source of found.missing) taker.removals.hold(source, holder);
  try {
    const counts = await takeAll(taker, found, options, signal);
    const rest = await tellRemovals(taker, found, holder, options.acceptRemovals, ports);
    return { seen: found.files.size, known: found.known, ...counts, ...rest };
  } finally {
    for (const left of taker.removals.heldBy(holder)) taker.removals.release(left.key);
  }
}

interface TakenCounts {
  unchanged: number;
  unchangedRejected: number;
  read: number;
  moved: number;
}

async function takeAll(
  taker: Taker,
  found: Survey,
  hooks: ScanHooks,
  signal: AbortSignal,
): Promise<TakenCounts> {
  const counts: TakenCounts = { unchanged: 0, unchangedRejected: 0, read: 0, moved: 0 };
  const failures: unknown[] = [];
  const pending = new Set<Promise<void>>();
  for (let index = 0; index < found.files.size && failures.length === 0 && !signal.aborted; index += 1) {
    const path = found.files.pathAt(index);
    const verdict = found.verdict(index);
    if (verdict.kind !== 'take') {
      if (verdict.kind === 'unchanged') counts.unchanged += 1;
      else counts.unchangedRejected += 1;
      hooks.onFile?.(keyOf(taker.root, path), verdict.kind);
      continue;
    }
    const { done } = await taker.begin(path, verdict.known);
    const noted: Promise<void> = done
      .then((taken) => note(taken, path, taker, counts, hooks))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => pending.delete(noted));
    pending.add(noted);
  }
  await Promise.all(pending);
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return counts;
}

function note(taken: Taken, path: string, taker: Taker, counts: TakenCounts, hooks: ScanHooks): void {
  if (taken === 'absent') return;
  if (taken === 'unchanged') counts.unchanged += 1;
  else counts.read += 1;
  if (taken === 'moved') counts.moved += 1;
  hooks.onFile?.(keyOf(taker.root, path), taken === 'unchanged' ? 'unchanged' : 'read');
}

/** Tells of what is still missing when all that is new has been read, once that is committed. */
async function tellRemovals(
  taker: Taker,
  found: Survey,
  holder: symbol,
  acceptRemovals: boolean,
  ports: WatchPorts,
): Promise<Pick<ScanReport, 'gone' | 'withheldRemovals' | 'reason'>> {
  const left = taker.removals.heldBy(holder);
  if (left.length === 0) return { gone: 0, withheldRemovals: 0, reason: null };
  const rootPresent = (await lookAt(taker.root.dir)).kind === 'folder';
  const reason = withheldReason({ rootPresent, gone: left.length, known: found.known, acceptRemovals });
  if (reason !== null) {
    const fields = { root: taker.root.dir, withheld: left.length, known: found.known, reason };
    ports.log.error(fields, 'files are gone that look like an unmounted disk: no removal is told');
    return { gone: 0, withheldRemovals: left.length, reason };
  }
  await taker.sent.forgetCommitted(ports.intake);
  let gone = 0;
  for (const source of left) {
    if (taker.removals.has(source.key) && (await taker.remove(source))) gone += 1;
  }
  return { gone, withheldRemovals: 0, reason: null };
}
