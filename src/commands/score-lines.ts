import type { ScoreLine } from '../shared/record/schema.js';
import { printable } from './printable.js';

/** A line of a score as people read it: points, signal, reason. */
export function scoreLine({ points, signal, why }: ScoreLine): string {
  return `  ${String(points).padStart(4)}  ${signal}: ${printable(why)}`;
}
