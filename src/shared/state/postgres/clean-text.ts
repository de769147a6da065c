/** With the `u` flag a surrogate matches only where it has no partner. */
const REFUSED = /[\0\p{Surrogate}]/gu;

/** Text that Postgres takes: it refuses NUL, and lone surrogates are not UTF-8. What comes here should be clean already. */
export function cleanText(text: string): string {
  return text.replace(REFUSED, '\uFFFD');
}
