import { pointsOf } from '../profile.js';
import type { Signal } from '../signal.js';

/** What kind of thing it is: a video is worth more than a page to read. */
export const type: Signal = {
  name: 'type',
  find({ article }, { types }) {
    const points = pointsOf(types, article.type);
    return points === undefined ? [] : [{ points, why: `Its type is ${article.type}.` }];
  },
};
