/** With the `u` flag a surrogate matches only where it has no partner. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Text as Postgres takes it: it refuses NUL. What comes here should be clean already. Lone surrogates are left alone:
 * encoding to UTF-8 replaces them anyway, and to look for them in every body costs a tenth of a commit.
 */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}

/** A text as it comes back from Postgres. */
export function asKept(text: string): string {
  return withoutNul(text).replace(LONE_SURROGATE, '\uFFFD');
}
