/** A host that asks for more is tried again after a day all the same. */
export const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3): whole seconds or an HTTP date.
 *
 * @param now epoch milliseconds
 * @returns milliseconds from 0 to a day, or undefined where it cannot be read
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const at = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(at)) return undefined;
  return Math.min(Math.max(at, 0), MAX_RETRY_AFTER_MS);
}
