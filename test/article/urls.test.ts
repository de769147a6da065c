import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalUrl, parseWebUrl, TRACKING_PARAMETERS } from '../../src/shared/article/urls.js';

const canonical = (text: string): string => {
  const parsed = parseWebUrl(text);
  return 'url' in parsed ? canonicalUrl(parsed.url) : `refused: ${parsed.problem}`;
};

describe('addresses that are no web page', () => {
  it.each([
    ['javascript:alert(1)', /javascript: is not http/],
    ['java\nscript:alert(1)', /control character/],
    ['data:text/html,x', /data: is not/],
    ['file:///etc/passwd', /file: is not/],
    ['ftp://example.com/', /ftp: is not/],
    ['/relative', /not an absolute address/],
    ['//example.com/x', /not an absolute address/],
    ['www.example.com', /not an absolute address/],
    ['https://', /not an absolute address/],
    ['https://user:secret@example.com/', /user name/],
    ['https://user@example.com/', /user name/],
    [`https://example.com/${'a'.repeat(9000)}`, /longer than 8192/],
    ['', /not an absolute address/],
  ])('%j is refused', (text, reason) => {
    expect(canonical(text)).toMatch(reason);
    expect(canonical(text)).not.toContain('secret');
  });
});

describe('the canonical address', () => {
  it.each([
    ['HTTPS://News.Example:443/A/b?x=1#top', 'https://news.example/A/b?x=1'],
    ['http://news.example:80', 'http://news.example/'],
    ['http://news.example:8080/', 'http://news.example:8080/'],
    ['https://news.example/a?utm_source=x&b=2&UTM_Medium=y&a=1&fbclid=z', 'https://news.example/a?b=2&a=1'],
    ['https://news.example/a?utm_source=x', 'https://news.example/a'],
    ['https://news.example/a?%75tm_source=x&q=a%20b+c', 'https://news.example/a?q=a%20b+c'],
    ['https://news.example/a?WT.mc_id=1&id=2', 'https://news.example/a?id=2'],
    ['https://news.example/?', 'https://news.example/'],
    ['https://bücher.example/ä', 'https://xn--bcher-kva.example/%C3%A4'],
    ['https://news.example/a?v=%zz&gclid', 'https://news.example/a?v=%zz'],
    ['https://www.youtube.com/watch?v=abc&ref=home', 'https://www.youtube.com/watch?v=abc&ref=home'],
  ])('of %s is %s', (from, to) => {
    expect(canonical(from)).toBe(to);
  });

  it('is its own canonical address, and has no tracking parameter', () => {
    const parameter = fc.tuple(
      fc.oneof(fc.constantFrom(...TRACKING_PARAMETERS, 'utm_x', 'q', 'Gclid'), fc.string({ maxLength: 5 })),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(
        fc.webUrl({ withFragments: true }),
        fc.array(parameter, { maxLength: 5 }),
        (base, parameters) => {
          const query = parameters.map(([name, value]) => `${name}=${value}`).join('&');
          const text = `${base.split('#')[0]}?${query}`;
          const parsed = parseWebUrl(text);
          if ('problem' in parsed) return;
          const once = canonicalUrl(parsed.url);
          expect(canonical(once)).toBe(once);
          for (const name of new URL(once).searchParams.keys()) {
            expect(TRACKING_PARAMETERS.has(name.toLowerCase())).toBe(false);
          }
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof canonical(text) === 'string'));
  });
});
