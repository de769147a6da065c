import type { Path } from './plain.js';

const MAX_FOUND_CHARACTERS = 80;

/** Control characters, and those that reorder text on a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The form of `secured`, and of any run of base64 long enough to be a part of it: ciphertext never reaches a log. */
const CIPHERTEXT = /^[A-Za-z0-9+/]+={0,2};[A-Za-z0-9+/]{20,}={0,2}$|[A-Za-z0-9+/]{64,}={0,2}/;

const HIDDEN = '(hidden)';

/** Text of a file for a message: at most 80 characters, control characters escaped, ciphertext hidden. */
export function shown(text: string): string {
  const start = text.slice(0, MAX_FOUND_CHARACTERS * 4);
  if (CIPHERTEXT.test(start)) return HIDDEN;
  const escaped = start.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const characters = [...escaped];
  if (characters.length <= MAX_FOUND_CHARACTERS) return escaped;
  return `${characters.slice(0, MAX_FOUND_CHARACTERS - 1).join('')}…`;
}

/** What stands at a place of the front matter, in a few words; nothing at all for what is secret. */
export function foundText(value: unknown, path: Path): string | undefined {
  if (value === undefined || value === null || path[0] === 'secured') return undefined;
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'fields of its own';
}

/** `images[2].url` for a path into the front matter; empty for the front matter as a whole. */
export function fieldName(path: Path): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else name += `${name === '' ? '' : '.'}${shown(String(part))}`;
  }
  return name;
}
