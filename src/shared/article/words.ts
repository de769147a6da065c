/**
 * A word is a run of letters and digits with apostrophes, hyphens and dots inside; scripts that write without blanks
 * count by character, as newsrooms do.
 */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}]+(?:['’.,-][\p{L}\p{N}\p{M}]+)*/gu;

/** The address of a Markdown link or picture: not read by anybody. */
const LINK_TARGET = /\]\([^)\s]*/g;

/** Elements whose text is code. */
const UNREAD = ['script', 'style'] as const;

/** How many words a body in Markdown or HTML shows to a reader. Takes time in proportion to its length. */
export function countWords(body: string): number {
  return visibleText(body).replace(LINK_TARGET, ']').match(WORD)?.length ?? 0;
}

/**
 * The text without tags, comments, scripts and styles. A scanner, since patterns for the same (`<!--.*?-->`) take time in
 * the square of the length on text that opens and never closes.
 */
export function visibleText(html: string): string {
  if (!html.includes('<')) return html;
  const lower = html.toLowerCase();
  const finder = new Finder(lower);
  let out = '';
  let at = 0;
  for (let tag = html.indexOf('<'); tag !== -1; tag = html.indexOf('<', at)) {
    const end = finder.endOfMarkup(tag);
    if (end === -1) {
      out += html.slice(at, tag + 1);
      at = tag + 1;
      continue;
    }
    out += `${html.slice(at, tag)} `;
    at = end;
  }
  return out + html.slice(at);
}

/** Finds ends of markup; remembers what does not come again, so that no search runs over the same text twice. */
class Finder {
  readonly #text: string;
  readonly #exhausted = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the tag, comment or unread element that starts here ends; -1 when it is only a `<`. */
  endOfMarkup(start: number): number {
    if (this.#text.startsWith('<!--', start)) return this.#after('-->', start + 4);
    if (!/[a-z/!?]/.test(this.#text.charAt(start + 1))) return -1;
    const unread = UNREAD.find((element) => this.#text.startsWith(`<${element}`, start));
    const closing = unread === undefined ? -1 : this.#after(`</${unread}`, start);
    return this.#after('>', closing === -1 ? start : closing);
  }

  #after(end: string, from: number): number {
    if (this.#exhausted.has(end)) return -1;
    const at = this.#text.indexOf(end, from);
    if (at === -1) this.#exhausted.add(end);
    return at === -1 ? -1 : at + end.length;
  }
}
