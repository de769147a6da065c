import { isWithin } from '../domains.js';
import type { Signal } from '../signal.js';

/** Whether the article's address is on its provider's domain, or the domain within the address's host. */
export const domain: Signal = {
  name: 'domain',
  find({ article: { type, canonicalUrl, provider } }) {
    // Videos stand on a video host as a rule; that says nothing about where they are from.
    if (canonicalUrl === undefined || provider.domain === undefined || type === 'video') return [];
    const { hostname } = new URL(canonicalUrl);
    if (isWithin(hostname, provider.domain) || isWithin(provider.domain, hostname)) return [];
    const why = `Its address is on ${hostname}, not on ${provider.domain}.`;
    return [{ weight: ['page', 'foreignDomain'], units: 1, why }];
  },
};
