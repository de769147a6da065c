import { pointsOf } from '../profile.js';
import type { Finding, Signal } from '../signal.js';
import { foldWords, namesPhrase } from '../words.js';

/** How many topics the article was matched to, and whether its title says so. */
export const topics: Signal = {
  name: 'topics',
  find({ article }, { topics: weights }) {
    const distinct = [...new Map(article.topics.map((topic) => [foldWords(topic), topic])).values()];
    const counted = Math.min(distinct.length, weights.most);
    if (counted === 0) return [];
    const findings: Finding[] = [
      {
        points: weights.first + weights.further * (counted - 1),
        why:
          counted === 1
            ? 'It has one topic.'
            : `It has ${distinct.length} topics, of which ${counted} count.`,
      },
    ];
    const named = distinct.find((topic) => namesPhrase(article.title, topic));
    if (named !== undefined) {
      findings.push({ points: weights.namedInTitle, why: `The title names its topic '${named}'.` });
    }
    for (const topic of distinct) {
      const points = pointsOf(weights.valued, topic);
      if (points !== undefined) findings.push({ points, why: `The profile values the topic '${topic}'.` });
    }
    return findings;
  },
};
