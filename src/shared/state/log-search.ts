import type { LogExtent } from './contract.js';

/** The first entry with this number or a higher one: its number and time; null when there is none. */
export type LogProbe = (number: number) => Promise<{ number: number; time: number } | null>;

/**
 * The number of the last entry before `time` (epoch ms), found by halving: the store never gives an entry an earlier
 * time than the one before it. Where all entries are later, the number before the oldest one kept.
 */
export async function searchNumberBefore(time: number, extent: LogExtent, probe: LogProbe): Promise<number> {
  let low = extent.first;
  let high = extent.last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await probe(middle);
    if (found && found.time < time) low = found.number + 1;
    else high = middle;
  }
  return low - 1;
}
