import type { Signal } from '../signal.js';

/** Whether there is something to read beyond the excerpt. */
export const body: Signal = {
  name: 'body',
  find({ article }, { body: weights }) {
    const words = article.body?.words ?? 0;
    if (words < weights.words) return [];
    return [{ weight: ['body', 'long'], units: 1, why: `Its body has ${words} words.` }];
  },
};
