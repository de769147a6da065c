import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
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

/** The path with the links of those of its folders resolved that are there already. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}
