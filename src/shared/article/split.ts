import matter from 'gray-matter';
import type { Problem } from './problem.js';

/** Front matter of the largest real file has 9 KB; parsing what is read as YAML costs the more, the larger it is. */
export const MAX_FRONT_MATTER_CHARACTERS = 256 * 1024;

/**
 * gray-matter looks for front matter of comments alone with a pattern whose time rises with the square of a run of
 * white space: 256 KB of line feeds would hold the process for many seconds.
 */
export const MAX_BLANK_RUN = 256;

/** Up to here the square is a few milliseconds, so that most files need no look. */
const BLANK_RUN_MATTERS_FROM = 4096;

export const LANGUAGES = ['', 'yaml', 'yml', 'json'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface SplitText {
  readonly ok: true;
  readonly language: Language;
  /** From the end of the opening line, so that its lines are those of the file. */
  readonly source: string;
  readonly body: string;
}

export type Split = SplitText | { readonly ok: false; readonly problems: Problem[] };

/** Gives the text back unread: nothing in gray-matter parses, and least of all evaluates, what a file holds. */
const unread = (): object => ({});
const ENGINES = Object.freeze({
  yaml: unread,
  yml: unread,
  json: unread,
  javascript: unread,
  coffee: unread,
});

function refused(code: string, line: number, message: string, expected?: string): Split {
  const problem: Problem = {
    code,
    field: '',
    line,
    message,
    ...(expected === undefined ? {} : { expected }),
  };
  return { ok: false, problems: [problem] };
}

function isLanguage(name: string): name is Language {
  return (LANGUAGES as readonly string[]).includes(name);
}

function lineCount(text: string, end: number): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function hasLongBlankRun(text: string): boolean {
  if (text.length <= BLANK_RUN_MATTERS_FROM) return false;
  let run = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // Every character that `\s` takes is a blank, a control character or beyond ASCII.
    run = code <= 32 || (code > 127 && /\s/.test(text.charAt(at))) ? run + 1 : 0;
    if (run > MAX_BLANK_RUN) return true;
  }
  return false;
}

function noFrontMatter(text: string): Split {
  const expected = 'front matter between two lines of ---';
  if (text.trim() === '') return refused('empty', 1, 'the file is empty', expected);
  const message = text.trimStart().startsWith('---')
    ? 'front matter must start on the first line: take out what stands before ---'
    : 'there is no front matter: the first line must be ---';
  return refused('no-front-matter', 1, message, expected);
}

/**
 * Takes a text with line feeds apart into front matter and body. Both delimiter lines are checked here, because
 * gray-matter closes at any line that starts with `---` and takes front matter that never closes for whole.
 */
export function splitFrontMatter(text: string): Split {
  if (!text.startsWith('---') || text.startsWith('----')) return noFrontMatter(text);
  const opened = text.indexOf('\n');
  const language = text.slice(3, opened === -1 ? undefined : opened).trim();
  if (!isLanguage(language)) {
    return refused(
      'language',
      1,
      'the front matter must be YAML or JSON: write --- alone on the first line',
      '---',
    );
  }
  const closed = opened === -1 ? -1 : text.indexOf('\n---', opened);
  if (closed === -1)
    return refused('unclosed', 1, 'the front matter is not closed: end it with a line ---', '---');
  const ends = text.indexOf('\n', closed + 1);
  if (text.slice(closed + 4, ends === -1 ? undefined : ends).trim() !== '') {
    const line = lineCount(text, closed + 1);
    return refused(
      'delimiter',
      line,
      'a line that starts with --- has more on it: end the front matter with --- alone',
      '---',
    );
  }
  const size = closed - opened;
  if (size > MAX_FRONT_MATTER_CHARACTERS) {
    return refused(
      'too-large',
      1,
      `the front matter has ${size} characters, at most ${MAX_FRONT_MATTER_CHARACTERS} are taken`,
    );
  }
  if (hasLongBlankRun(text.slice(opened, closed))) {
    return refused('too-large', 1, `the front matter has over ${MAX_BLANK_RUN} blank characters on end`);
  }
  // With options it does not cache; without, it would hand the same object out again.
  const file = matter(text, { engines: ENGINES });
  // The body is cut here: gray-matter's starts with what blanks the closing line has.
  return { ok: true, language, source: file.matter, body: ends === -1 ? '' : text.slice(ends + 1) };
}
