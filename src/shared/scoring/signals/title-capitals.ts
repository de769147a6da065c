import type { Signal } from '../signal.js';

/** A title that shouts. */
export const titleCapitals: Signal = {
  name: 'title-capitals',
  find({ article }) {
    if (!isShouting(article.title)) return [];
    return [{ weight: ['title', 'capitals'], units: 1, why: 'The title is mostly in capitals.' }];
  },
};

/** At least 15 letters that have a case, and 7 of 10 of them capitals: names and acronyms alone do not reach that. */
function isShouting(text: string): boolean {
  const upper = text.match(/\p{Lu}/gu)?.length ?? 0;
  const lower = text.match(/\p{Ll}/gu)?.length ?? 0;
  return upper + lower >= 15 && upper / (upper + lower) >= 0.7;
}
