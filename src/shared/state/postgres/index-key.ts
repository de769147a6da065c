import { createHash } from 'node:crypto';

/** A B-tree of Postgres takes 2,704 bytes at most in one entry; paths can be longer than that. */
const LONGEST_KEY_BYTES = 1900;
const MARK = '\u0001';

/**
 * What a key is indexed under: itself, or where it is too long its beginning and a hash of the whole. Distinct keys
 * have distinct ones, since a shortened one is longer than any that was left as it is.
 */
export function indexKey(key: string): string {
  // A UTF-16 code unit is three bytes of UTF-8 at most: most keys need not be measured.
  if (key.length * 3 <= LONGEST_KEY_BYTES || Buffer.byteLength(key) <= LONGEST_KEY_BYTES) return key;
  return `${beginning(key)}${MARK}${createHash('sha256').update(key).digest('hex')}`;
}

/** The longest text with which the index keys of all keys begin that begin with `prefix`. */
export function indexPrefix(prefix: string): string {
  return Buffer.byteLength(prefix) <= LONGEST_KEY_BYTES - 3 ? prefix : beginning(prefix);
}

/** Whole characters up to the length, three bytes less where the next one would be cut. */
function beginning(text: string): string {
  const bytes = Buffer.from(text);
  let end = LONGEST_KEY_BYTES;
  // Bytes 10xxxxxx go on with a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
