import type { Signal } from '../signal.js';

/** Whether there is an AMP page, of the provider's own or in a cache, which opens at once on a phone. */
export const mobilePage: Signal = {
  name: 'mobile-page',
  find({ article: { ampWebUrl, cdnAmpWebUrl } }) {
    if (ampWebUrl === undefined && cdnAmpWebUrl === undefined) return [];
    return [{ weight: ['page', 'mobile'], units: 1, why: 'It has a page for phones (AMP).' }];
  },
};
