import { isIP } from 'node:net';
import { judgeAddress } from './addresses.js';
import { normaliseHost, type AllowList } from './allow-list.js';

/** What may be fetched, as far as a URL alone can tell. */
export interface UrlPolicy {
  readonly allowList: AllowList;
  /** Ports that any public host may be asked on. */
  readonly ports: readonly number[];
}

export type UrlJudgement =
  | { readonly ok: true; readonly url: URL; readonly host: string; readonly port: number }
  | { readonly ok: false; readonly reason: 'bad-url' | 'refused-address'; readonly why: string };

/** Longer ones are no picture's address; they cost memory in every log line and index. */
export const MAX_URL_CHARACTERS = 8192;

/**
 * Says whether this URL may be fetched, after the WHATWG parser has normalised it: octal, hexadecimal, decimal and
 * short spellings of an IPv4 address are plain by then. A name is judged later, by the addresses it leads to.
 *
 * @param text an absolute URL
 */
export function judgeUrl(text: string, policy: UrlPolicy): UrlJudgement {
  const bad = (why: string): UrlJudgement => ({ ok: false, reason: 'bad-url', why });
  if (text.length > MAX_URL_CHARACTERS) return bad(`longer than ${MAX_URL_CHARACTERS} characters`);
  if (!URL.canParse(text)) return bad('not an absolute URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return bad(`${url.protocol} is not http or https`);
  if (url.username !== '' || url.password !== '') return bad('carries a user name or password');
  const host = normaliseHost(url.hostname);
  const port = portOf(url);
  if (policy.allowList.has(host, port)) return { ok: true, url, host, port };
  if (isIP(host) !== 0) {
    const judgement = judgeAddress(host);
    if (!judgement.allowed)
      return { ok: false, reason: 'refused-address', why: `${host} is ${judgement.why}` };
  }
  if (!policy.ports.includes(port)) {
    return {
      ok: false,
      reason: 'refused-address',
      why: `port ${port} is not among ${policy.ports.join(', ')}`,
    };
  }
  return { ok: true, url, host, port };
}

/** The port that a request to this http or https URL goes to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
