import type { Signal } from '../signal.js';

const TEASES =
  /\b(you (won['’]t|will not) believe|what happen(s|ed) next|will (shock|amaze|blow) you|this one (weird )?(trick|simple)|the reason (why )?will|number \d+ will|jaw[- ]dropping|doctors hate|the truth about|everything you need to know|find out why|here['’]s why)\b/i;

/** A title that holds back what it is about. Phrases of English. */
export const titleClickbait: Signal = {
  name: 'title-clickbait',
  find({ article }) {
    if (!TEASES.test(article.title)) return [];
    return [{ weight: ['title', 'clickbait'], units: 1, why: 'The title teases instead of telling.' }];
  },
};
