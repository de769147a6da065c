/** Fewer removals than this are always let through. */
const NEVER_WITHHELD = 20;

export type WithheldReason = 'root-missing' | 'half-gone';

/**
 * Whether removals are held back: an unmounted disk is not a wish. They are when the root is not there, or when more
 * than half of the known files, and more than 20, are gone at once.
 */
export function withheldReason(input: {
  readonly rootPresent: boolean;
  readonly gone: number;
  readonly known: number;
  readonly acceptRemovals: boolean;
}): WithheldReason | null {
  if (input.acceptRemovals || input.gone === 0) return null;
  if (!input.rootPresent) return 'root-missing';
  return input.gone > NEVER_WITHHELD && input.gone * 2 > input.known ? 'half-gone' : null;
}
