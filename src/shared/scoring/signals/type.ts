import type { Signal } from '../signal.js';

/** What kind of thing it is: a video is worth more than a page to read. */
export const type: Signal = {
  name: 'type',
  find: ({ article }) => [{ weight: ['types', article.type], units: 1, why: `Its type is ${article.type}.` }],
};
