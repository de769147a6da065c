/** Longer ones are not pages but data; browsers and CDNs give up well before. */
export const MAX_URL_LENGTH = 8192;

/** Query parameters that say where a reader came from, not what the page is. Compared in lower case. */
export const TRACKING_PARAMETERS: ReadonlySet<string> = new Set([
  // Google Ads and Analytics
  'gclid', 'gclsrc', 'dclid', 'gbraid', 'wbraid', 'srsltid', '_ga', '_gl',
  // Facebook, Instagram, X, TikTok, LinkedIn, Pinterest, Snapchat, Reddit
  'fbclid', 'igshid', 'igsh', 'twclid', 'ttclid', 'li_fat_id', 'epik', 'sccid', 'rdt_cid',
  // Microsoft, Yandex
  'msclkid', 'wt.mc_id', 'yclid', '_openstat', 'ymclid',
  // Mailchimp, HubSpot, Marketo, Eloqua, Omeda, Vero, Klaviyo, Drip
  'mc_cid', 'mc_eid', '_hsenc', '_hsmi', '__hssc', '__hstc', '__hsfp', 'hsctatracking', 'mkt_tok', 'elqtrackid',
  'elqtrack', 'oly_anon_id', 'oly_enc_id', 'vero_id', 'vero_conv', '_ke', '_kx', '__s',
  // Wicked Reports, Branch, Adjust
  'wickedid', '_branch_match_id', 'rb_clickid',
]); // prettier-ignore

/** Families of them: Urchin (Google), Matomo and Piwik. */
const TRACKING_PREFIXES = ['utm_', 'mtm_', 'pk_', 'piwik_', 'matomo_'];

const CONTROL = /[\u0000-\u001f\u007f]/;

export type ParsedUrl = { readonly url: URL } | { readonly problem: string };

/**
 * An address that a reader's browser may open: absolute, http or https, with a host, without credentials (they would
 * go into records and logs). For anything else `problem` says why not. Never throws.
 */
export function parseWebUrl(text: string): ParsedUrl {
  const trimmed = text.trim();
  if (trimmed.length > MAX_URL_LENGTH) return { problem: `it is longer than ${MAX_URL_LENGTH} characters` };
  // The URL parser drops tabs and line feeds in silence, which is how `java\nscript:` passes for something else.
  if (CONTROL.test(trimmed)) return { problem: 'it holds a control character' };
  let url: URL;
  try {
    url = new URL(trimmed);
  } catch {
    return { problem: 'it is not an absolute address' };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { problem: `${url.protocol} is not http or https` };
  if (url.username !== '' || url.password !== '') return { problem: 'it holds a user name or a password' };
  return { url };
}

function isTracking(parameter: string): boolean {
  const raw = parameter.split('=', 1)[0] ?? '';
  const name = decoded(raw).toLowerCase();
  return TRACKING_PARAMETERS.has(name) || TRACKING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The one form of an address by which an article is known: scheme and host in lower case, no default port, no fragment,
 * no tracking parameters; what remains of the query keeps its order and spelling. Doing it twice changes nothing.
 */
export function canonicalUrl(url: URL): string {
  const query = url.search === '' ? [] : url.search.slice(1).split('&');
  const kept = query.filter((parameter) => !isTracking(parameter));
  const search = kept.length === 0 ? '' : `?${kept.join('&')}`;
  return `${url.origin}${url.pathname}${search === '?' ? '' : search}`;
}
