import type { Signal } from '../signal.js';
import { foldWords } from '../words.js';

const SUBJECT = /\b(?:market|markets|industry)\b/i;

/** What is seen in titles of such reports and hardly in others; one of them is asked for. */
const STRONG: readonly RegExp[] = [
  / (?:to|by|until|till|through|20\d\d) 20\d\d /,
  / forecasts? /,
  / cagr /,
  / (?:key|top|leading|major) (?:players|giants|manufacturers|vendors) /,
  / next big thing /,
  / competitive landscape /,
  / size share /,
  / by (?:regions?|types?|component|application|end user) /,
];

/** What is seen in other titles, too. */
const WEAK: readonly RegExp[] = [
  / size /,
  / share /,
  / growth /,
  / trends? /,
  / demand /,
  / revenue /,
  / analysis /,
  / outlook /,
  / drivers /,
  / segmentation /,
  / opportunit(?:y|ies) /,
  / global /,
];

/** Beyond this no title is read on: what tells such a report stands before. */
const PATTERN_CHARACTERS = 300;

/**
 * "Global X Market Size, Share, Growth, Forecast to 2028": reports that are sold by the dozen and advertised as news. A
 * market or an industry, at least one strong sign, at least two in all. Words of English.
 */
export const titleMarketReport: Signal = {
  name: 'title-market-report',
  find({ article }) {
    const start = article.title.slice(0, PATTERN_CHARACTERS);
    if (!SUBJECT.test(start)) return [];
    const words = foldWords(start);
    const seen = (signs: readonly RegExp[]): number => signs.filter((sign) => sign.test(words)).length;
    const strong = seen(STRONG);
    if (strong === 0 || strong + seen(WEAK) < 2) return [];
    const why = 'The title is that of a market research report.';
    return [{ weight: ['title', 'marketReport'], units: 1, why }];
  },
};
