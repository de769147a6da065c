import type { ScoringProfile } from '../profile.js';
import type { Finding, Signal } from '../signal.js';
import { foldWords, namesPhrase } from '../words.js';

/** How many topics the article was matched to, whether its title names one, and which of them the profile values. */
export const topics: Signal = {
  name: 'topics',
  find({ article }, { topics: weights }) {
    const distinct = [...new Map(article.topics.map((topic) => [foldWords(topic), topic])).values()];
    const [first] = distinct;
    if (first === undefined) return [];
    const findings: Finding[] = [
      { weight: ['topics', 'first'], units: 1, why: `It was matched to a topic, '${first}'.` },
    ];
    const further = Math.min(distinct.length, weights.most) - 1;
    if (further > 0) {
      const why = `It has ${distinct.length} topics, of which ${further} beyond the first count.`;
      findings.push({ weight: ['topics', 'further'], units: further, why });
    }
    const named = distinct.find((topic) => isNamed(article.title, topic, weights));
    if (named !== undefined) {
      const why = `The title names its topic '${named}'.`;
      findings.push({ weight: ['topics', 'namedInTitle'], units: 1, why });
    }
    for (const topic of distinct) {
      if (!Object.hasOwn(weights.valued, topic)) continue;
      const why = `The profile values the topic '${topic}'.`;
      findings.push({ weight: ['topics', 'valued', topic], units: 1, why });
    }
    return findings;
  },
};

function isNamed(title: string, topic: string, { aliases }: ScoringProfile['topics']): boolean {
  const others = Object.hasOwn(aliases, topic) ? (aliases[topic] ?? []) : [];
  return [topic, ...others].some((name) => namesPhrase(title, name));
}
