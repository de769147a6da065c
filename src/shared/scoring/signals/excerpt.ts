import type { Finding, Signal } from '../signal.js';

/** An ellipsis at the end, also as feeds write it: `[…]`, `(more...)`. */
const BREAKS_OFF = /(?:…|\.\.\.|[[(](?:…|\.\.\.|more|read more)[\])])$/i;
/** The pattern needs no more than the end of the text. */
const END_CHARACTERS = 20;

/** Whether the excerpt says enough, and says it to the end. That there is none at all is told by completeness. */
export const excerpt: Signal = {
  name: 'excerpt',
  find({ article }, { excerpt: weights }) {
    const text = article.excerpt?.trim() ?? '';
    if (text === '') return [];
    const findings: Finding[] = [];
    // A character takes one or two units: most texts are long enough by their units alone.
    const length = text.length < 2 * weights.shortCharacters ? [...text].length : text.length;
    if (length < weights.shortCharacters) {
      const why = `The excerpt has ${length} characters, fewer than ${weights.shortCharacters}.`;
      findings.push({ weight: ['excerpt', 'short'], units: 1, why });
    }
    if (BREAKS_OFF.test(text.slice(-END_CHARACTERS))) {
      findings.push({ weight: ['excerpt', 'truncated'], units: 1, why: 'The excerpt breaks off.' });
    }
    return findings;
  },
};
