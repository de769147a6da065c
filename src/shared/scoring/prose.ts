import { visibleText } from '../article/words.js';
import type { Article } from '../record/schema.js';

/** More text hardly moves an average; this bounds the time for a body of megabytes. */
const MOST_CHARACTERS = 20_000;

/** Words, sentences, and letters and digits of the running text of a body. */
export interface ProseCounts {
  readonly word: number;
  readonly sentence: number;
  readonly character: number;
}

/** Counts the prose of a body: no code, headings, tables, link targets or tags. Sentences as Unicode (UAX #29) has them. */
export function countProse({ text }: NonNullable<Article['body']>): ProseCounts {
  const prose = withoutMarkup(text.slice(0, MOST_CHARACTERS));
  const words = prose.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
  const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
  return {
    word: words.length,
    sentence: [...sentences.segment(prose)].filter(({ segment }) => /\p{L}/u.test(segment)).length,
    character: words.join('').replace(/['’-]/g, '').length,
  };
}

function withoutMarkup(text: string): string {
  let isCode = false;
  const lines = visibleText(text)
    .split('\n')
    .filter((line) => {
      const isFence = /^\s{0,3}(```|~~~)/.test(line);
      if (isFence) isCode = !isCode;
      return !isFence && !isCode && !/^\s{0,3}([#|]|\s*$)/.test(line);
    })
    // A list item is a sentence, with or without a full stop.
    .map((line) => (/^\s*([-*+]|\d+\.)\s/.test(line) ? `${line}.` : line));
  return lines
    .join('\n')
    .replace(/\]\([^)\s]*/g, ']')
    .replace(/`[^`\n]*`/g, ' ');
}
