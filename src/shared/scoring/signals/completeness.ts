import type { Article } from '../../record/schema.js';
import type { Signal } from '../signal.js';

const EXPECTED: readonly { readonly name: string; readonly isThere: (article: Article) => boolean }[] = [
  { name: 'excerpt', isThere: ({ excerpt }) => (excerpt ?? '') !== '' },
  { name: 'date', isThere: ({ publishedDateTime }) => publishedDateTime !== undefined },
  { name: 'address', isThere: ({ canonicalUrl }) => canonicalUrl !== undefined },
  { name: 'domain of the provider', isThere: ({ provider }) => provider.domain !== undefined },
];

/** What an entry of a site is made of besides title, topics and picture, which have signals of their own. */
export const completeness: Signal = {
  name: 'completeness',
  find({ article }) {
    const missing = EXPECTED.filter(({ isThere }) => !isThere(article)).map(({ name }) => name);
    if (missing.length === 0) return [];
    const why = `It does not say its ${missing.join(', ')}.`;
    return [{ weight: ['completeness', 'missing'], units: missing.length, why }];
  },
};
