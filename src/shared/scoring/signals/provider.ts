import { isWithin } from '../domains.js';
import type { Finding, Signal } from '../signal.js';

/** Whether the provider is one that the site knows: it keeps its logo or lists its domain, or values it by name. */
export const provider: Signal = {
  name: 'provider',
  find({ article: { provider: from } }, { provider: weights }) {
    const findings: Finding[] = [];
    const domain = from.domain?.toLowerCase();
    const hasLogo = (from.images ?? []).length > 0;
    const isListed = domain !== undefined && weights.known.some((known) => isWithin(domain, known));
    if (hasLogo || isListed) {
      const because = hasLogo ? 'it has a logo' : 'the profile lists it';
      const why = `${from.name} is a known provider: ${because}.`;
      findings.push({ weight: ['provider', 'withLogo'], units: 1, why });
    }
    if (domain !== undefined && Object.hasOwn(weights.valued, domain)) {
      const why = `The profile values ${from.name}.`;
      findings.push({ weight: ['provider', 'valued', domain], units: 1, why });
    }
    return findings;
  },
};
