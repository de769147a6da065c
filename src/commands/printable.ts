/** What moves a terminal's cursor, or turns the direction of its text: C0, C1, line and bidirectional separators. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A name from outside as it can be shown: line feeds and terminal escapes are spelled out, not obeyed. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
