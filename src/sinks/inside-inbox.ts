import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../shared/errors/errors.js';
import type { SinkContext } from './contract.js';

/**
 * Refuses a sink that writes into a watched folder: its output would be taken for input, without end.
 * @param path absolute
 * @throws UsageError naming both
 */
export function refuseInsideInbox(path: string, { name, inboxes }: SinkContext): void {
  const target = realPathOf(path);
  for (const inbox of inboxes) {
    const inside = relative(inbox, target);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) continue;
    throw new UsageError(
      `The sink ${name} writes to ${path}, which is inside the inbox ${inbox}; give it a place outside.`,
    );
  }
}

/** Most links followed one after the other: what a system allows, and the end of links in a circle. */
const MAX_LINKS = 40;

/** The path with its links resolved, as far as anything is there; also those that point to nothing yet. */
function realPathOf(path: string, links = 0): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const here = join(realPathOf(parent, links), basename(path));
    const target = links < MAX_LINKS ? linkTarget(here) : null;
    return target === null ? here : realPathOf(resolve(dirname(here), target), links + 1);
  }
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
