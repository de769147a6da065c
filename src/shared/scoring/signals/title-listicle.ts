import type { Signal } from '../signal.js';

const NUMBER = String.raw`(?:\d{1,2}|three|four|five|six|seven|eight|nine|ten|eleven|twelve)`;
const LISTED =
  '(?:ways|things|tips|tricks|hacks|reasons|facts|steps|secrets|mistakes|examples|ideas|lessons|signs|myths|questions|trends|tools|books|gifts|features|functions|takeaways)';

/** "Top 10 …", and "7 easy ways to …" with at most four words between, at the start or after a colon. */
const LISTICLE = new RegExp(
  String.raw`(?:^|[:|–—-]\s)\W{0,3}(?:the )?(?:(?:top|best) ${NUMBER}\b|${NUMBER} (?:[\p{L}'’-]{1,30} ){0,4}${LISTED}\b)`,
  'iu',
);
/** What follows is no longer a title's start. */
const PATTERN_CHARACTERS = 200;

/** A title that counts what it lists. Words of English. */
export const titleListicle: Signal = {
  name: 'title-listicle',
  find({ article }) {
    if (!LISTICLE.test(article.title.slice(0, PATTERN_CHARACTERS))) return [];
    return [{ weight: ['title', 'listicle'], units: 1, why: 'The title is that of a list.' }];
  },
};
