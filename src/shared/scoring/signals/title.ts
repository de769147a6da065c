import type { Finding, Signal } from '../signal.js';

const CLICKBAIT =
  /\b(you won['’]t believe|what happen(s|ed) next|will (shock|amaze|blow) you|this one (weird )?(trick|simple)|the reason (why )?will|number \d+ will)\b/i;

/** "…Market Size, Share, Growth, Trends, Forecast to 2028": at least two such words after "market". */
const MARKET_REPORT =
  /\bmarket\b.*\b(size|share|growth|trends?|forecasts?|cagr|outlook|analysis|segmentation|opportunit(y|ies)|key players|worth|by 20\d\d|20\d\d[-–]20\d\d)\b.*\b(size|share|growth|trends?|forecasts?|cagr|outlook|analysis|segmentation|opportunit(y|ies)|key players|by 20\d\d|20\d\d)\b/i;

/** The pattern takes time that grows with the square of what it looks at. */
const PATTERN_CHARACTERS = 300;

/** The form of the title: its length, and three habits of titles that nobody likes to read. */
export const title: Signal = {
  name: 'title',
  find({ article }, { title: weights }) {
    const findings: Finding[] = [];
    const length = [...article.title].length;
    const steps = Math.floor(Math.max(0, length - weights.freeCharacters) / weights.stepCharacters);
    if (steps > 0) {
      const points = weights.perStep * steps;
      findings.push({
        points,
        why: `The title has ${length} characters, ${length - weights.freeCharacters} over ${weights.freeCharacters}.`,
      });
    }
    if (isShouting(article.title)) {
      findings.push({ points: weights.shouting, why: 'The title is mostly in capitals.' });
    }
    if (CLICKBAIT.test(article.title)) {
      findings.push({ points: weights.clickbait, why: 'The title teases instead of telling.' });
    }
    if (MARKET_REPORT.test(article.title.slice(0, PATTERN_CHARACTERS))) {
      findings.push({ points: weights.marketReport, why: 'The title is that of a market research report.' });
    }
    return findings;
  },
};

/** At least 15 letters that have a case, and 7 of 10 of them capitals: names and acronyms alone do not reach that. */
function isShouting(text: string): boolean {
  const upper = text.match(/\p{Lu}/gu)?.length ?? 0;
  const lower = text.match(/\p{Ll}/gu)?.length ?? 0;
  return upper + lower >= 15 && upper / (upper + lower) >= 0.7;
}
