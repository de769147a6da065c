import { pointsOf } from '../profile.js';
import type { Finding, Signal } from '../signal.js';

/** Whether the provider is one that the site knows: it keeps its logo, or the profile values its domain. */
export const provider: Signal = {
  name: 'provider',
  find({ article: { provider: from } }, { provider: weights }) {
    const findings: Finding[] = [];
    if ((from.images ?? []).length > 0) {
      findings.push({ points: weights.withLogo, why: `${from.name} is a known provider: it has a logo.` });
    }
    const points = from.domain === undefined ? undefined : pointsOf(weights.valued, from.domain);
    if (points !== undefined) findings.push({ points, why: `The profile values ${from.name}.` });
    return findings;
  },
};
