import { SETTLED_AFTER_MS, ageMs, type FileLook } from './file-look.js';
import type { Writers } from './open-files.js';

/** How often a file that is not whole yet is looked at again. Milliseconds. */
export const LOOK_AGAIN_MS = 25;

/** Where writers cannot be asked for, a file must have stood still this long. Milliseconds. */
export const STILL_FOR_MS = 50;

/** What is known about a file that may still be being written. */
export interface Progress {
  readonly look: FileLook;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** When the file was first looked at for this reading, and when its look last differed. Epoch milliseconds. */
  readonly firstSeenMs: number;
  readonly changedMs: number;
  /** `unasked`: not asked since the look. */
  readonly writers: Writers | 'unasked';
  /** Whether what was read at this look is no valid article yet; a valid one is taken and asks no more. */
  readonly content: 'unread' | 'invalid';
}

/**
 * `take`: the file is whole. `ask`: find out about writers. `read`: read it, and take it if it is a valid article.
 * `wait`: look again in a moment.
 */
export type Step = 'take' | 'ask' | 'read' | 'wait';

/**
 * Decides what to do next with a file: a change of its inode later than of its content means that it was renamed
 * into place, and nobody has written for 2 s means that the writer is done; both are whole. Else it is whole when
 * no process has it open for writing (or, where that cannot be told, it stood still for 50 ms) and it is a valid
 * article. What is not valid gets until 2 s after it was written, for writers that close and open again.
 */
export function nextStep(progress: Progress): Step {
  const { look, nowMs, writers, content } = progress;
  if (look.ctimeNs > look.mtimeNs || ageMs(look, nowMs) > SETTLED_AFTER_MS) return 'take';
  if (writers === 'unasked') return 'ask';
  if (writers === 'open') return 'wait';
  if (writers === 'unknown' && nowMs - progress.changedMs < STILL_FOR_MS) return 'wait';
  if (content === 'unread') return 'read';
  // A modification time in the future never grows old: count from the first look then.
  const since = Math.max(ageMs(look, nowMs), nowMs - progress.firstSeenMs);
  return since >= SETTLED_AFTER_MS ? 'take' : 'wait';
}
