import type { Signal } from '../signal.js';

/** Characters, counted as code points, beyond what a title may have for free, in full steps. */
export const titleLength: Signal = {
  name: 'title-length',
  find({ article }, { title: { freeCharacters, stepCharacters } }) {
    if (article.title.length <= freeCharacters) return [];
    const length = [...article.title].length;
    const over = length - freeCharacters;
    const steps = Math.floor(Math.max(0, over) / stepCharacters);
    if (steps === 0) return [];
    const why = `The title has ${length} characters, ${over} over ${freeCharacters}.`;
    return [{ weight: ['title', 'perStep'], units: steps, why }];
  },
};
