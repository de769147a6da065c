import { declaredLanguage, detectLanguage } from '../languages.js';
import type { Finding, Signal } from '../signal.js';

/** Whether it is written in a language of the site, and in the one that its file says. */
export const language: Signal = {
  name: 'language',
  find({ article }, { language: weights }) {
    const declared = declaredLanguage(article);
    // Detection takes 0.2 ms, more than all other signals: it is done where its answer counts.
    if (weights.expected.length === 0 && declared === undefined) return [];
    const detected = detectLanguage(article);
    const findings: Finding[] = [];
    const spoken = detected ?? declared;
    if (weights.expected.length > 0 && spoken !== undefined && !weights.expected.includes(spoken)) {
      const why = `It is written in '${spoken}'; the site's languages are ${weights.expected.join(', ')}.`;
      findings.push({ weight: ['language', 'other'], units: 1, why });
    }
    if (declared !== undefined && detected !== undefined && detected !== declared) {
      const why = `It is written in '${detected}', and its file says '${declared}'.`;
      findings.push({ weight: ['language', 'contradicted'], units: 1, why });
    }
    return findings;
  },
};
