import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllowedHost } from '../../src/shared/fetch/allow-list.js';
import { createSafeFetch, type FetchPolicy, type SafeFetch } from '../../src/shared/fetch/safe-fetch.js';
import { freePort } from '../support/free-port.js';
import { startHost, type Answer, type TestHost } from './misbehaving-host.js';

const breaker = { failures: 3, restMs: 150, maxRestMs: 600 };

async function hostWith(answers: Readonly<Record<string, Answer>>): Promise<TestHost> {
  const host = await startHost(answers);
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

function fetchFor(ports: readonly number[], policy: Partial<FetchPolicy> = {}): SafeFetch {
  const fetch = createSafeFetch({
    userAgent: 'Galley/test',
    allowHosts: ports.map((port) => parseAllowedHost(`127.0.0.1:${port}`)),
    breaker,
    ...policy,
  });
  onTestFinished(() => fetch.close());
  return fetch;
}

async function reasons(fetch: SafeFetch, urls: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const url of urls) {
    const result = await fetch.get(url);
    found.push(result.ok ? 'ok' : result.reason);
  }
  return found;
}

const ok: Answer = (_q, r) => r.end('x');
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_q, r) =>
    r.writeHead(code, headers).end();

describe('a host that fails again and again', () => {
  it.each([
    ['answers 500', 500, 'status-5xx'],
    ['answers 429', 429, 'status-429'],
  ])('and %s is left alone, then tried once, then asked again', async (_name, code, reason) => {
    let works = false;
    const host = await hostWith({ '/a': (q, r) => (works ? ok : status(code))(q, r) });
    const fetch = fetchFor([host.port]);
    const url = `${host.origin}/a`;
    expect(
      await reasons(
        fetch,
        Array.from({ length: 5 }, () => url),
      ),
    ).toEqual([reason, reason, reason, 'resting', 'resting']);
    expect(host.count()).toBe(3);
    works = true;
    await expect.poll(() => reasons(fetch, [url]), { timeout: 5000 }).toEqual(['ok']);
    expect(host.count()).toBe(4);
    expect(await reasons(fetch, [url, url])).toEqual(['ok', 'ok']);
  });

  it('and takes no connections is left alone, another port of it is not', async () => {
    const dead = await freePort();
    const host = await hostWith({ '/a': ok });
    const fetch = fetchFor([dead, host.port]);
    const url = `http://127.0.0.1:${dead}/a`;
    expect(await reasons(fetch, [url, url, url, url])).toEqual(['connect', 'connect', 'connect', 'resting']);
    expect(await reasons(fetch, [`${host.origin}/a`])).toEqual(['ok']);
  });

  it('and never answers is left alone', async () => {
    const host = await hostWith({ '/a': () => undefined });
    const fetch = fetchFor([host.port], { limits: { headersMs: 30 } });
    const url = `${host.origin}/a`;
    expect(await reasons(fetch, [url, url, url, url])).toEqual(['timeout', 'timeout', 'timeout', 'resting']);
  });
});

describe('a host is asked on', () => {
  it('after pictures that are gone, too large or badly packed, however many', async () => {
    const host = await hostWith({
      '/404': status(404),
      '/403': status(403),
      '/410': status(410),
      '/large': (_q, r) => r.end('x'.repeat(2000)),
      '/packed': (_q, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      '/loop': status(302, { location: '/loop' }),
    });
    const fetch = fetchFor([host.port], { limits: { maxBytes: 1000 } });
    const paths = ['404', '403', '410', 'large', 'packed', 'loop'];
    const urls = [...paths, ...paths].map((path) => `${host.origin}/${path}`);
    expect(await reasons(fetch, urls)).not.toContain('resting');
  });

  it('although one of its redirects leads to an address that is refused', async () => {
    const host = await hostWith({ '/a': status(302, { location: 'http://10.0.0.1/' }) });
    const fetch = fetchFor([host.port]);
    const urls = Array.from({ length: 6 }, () => `${host.origin}/a`);
    expect(new Set(await reasons(fetch, urls))).toEqual(new Set(['refused-address']));
  });

  it('after fetches that had less time than a host is given', async () => {
    const host = await hostWith({ '/slow': () => undefined, '/a': ok });
    const fetch = fetchFor([host.port]);
    for (let i = 0; i < 4; i++) {
      expect(await fetch.getBriefly(`${host.origin}/slow`, { withinMs: 20 })).toMatchObject({
        reason: 'timeout',
      });
    }
    expect(await reasons(fetch, [`${host.origin}/a`])).toEqual(['ok']);
  });

  it('after fetches that their caller ended', async () => {
    const host = await hostWith({ '/slow': () => undefined, '/a': ok });
    const fetch = fetchFor([host.port]);
    for (let i = 0; i < 4; i++) {
      const signal = AbortSignal.timeout(20);
      await expect(fetch.get(`${host.origin}/slow`, { signal })).rejects.toThrow('timeout');
    }
    expect(await reasons(fetch, [`${host.origin}/a`])).toEqual(['ok']);
  });
});

describe('Retry-After', () => {
  it.each([429, 503])('of a %i is obeyed for that host and no other', async (code) => {
    const host = await hostWith({ '/busy': status(code, { 'retry-after': '1' }), '/a': ok });
    const other = await hostWith({ '/a': ok });
    const fetch = fetchFor([host.port, other.port]);
    expect(await fetch.get(`${host.origin}/busy`)).toMatchObject({ retryAfterMs: 1000 });
    const asked = performance.now();
    const rest = await fetch.get(`${host.origin}/a`);
    expect(rest).toMatchObject({ reason: 'resting', retryable: true });
    expect(await reasons(fetch, [`${other.origin}/a`])).toEqual(['ok']);
    expect(host.count()).toBe(1);
    await expect.poll(() => reasons(fetch, [`${host.origin}/a`]), { timeout: 5000 }).toEqual(['ok']);
    expect(performance.now() - asked).toBeGreaterThan(900);
  });

  it('of another answer is not', async () => {
    const host = await hostWith({ '/a': status(500, { 'retry-after': '60' }), '/b': ok });
    const fetch = fetchFor([host.port]);
    expect(await fetch.get(`${host.origin}/a`)).not.toHaveProperty('retryAfterMs');
    expect(await reasons(fetch, [`${host.origin}/b`])).toEqual(['ok']);
  });
});

describe('a host that a redirect leads to', () => {
  it('rests by itself', async () => {
    const down = await hostWith({ '*': status(500) });
    const front = await hostWith({ '/a': status(302, { location: `${down.origin}/a` }), '/b': ok });
    const fetch = fetchFor([down.port, front.port]);
    const url = `${front.origin}/a`;
    expect(await reasons(fetch, [url, url, url, url])).toEqual([
      'status-5xx',
      'status-5xx',
      'status-5xx',
      'resting',
    ]);
    expect(await reasons(fetch, [`${front.origin}/b`])).toEqual(['ok']);
  });
});

describe('a caller in a hurry', () => {
  it('is told that a host is busy while it has as many requests as it may', async () => {
    const host = await hostWith({ '/slow': () => undefined, '/a': ok });
    const fetch = fetchFor([host.port], { limits: { connectionsPerHost: 2 } });
    const stop = new AbortController();
    const held = [1, 2].map(() =>
      fetch.get(`${host.origin}/slow`, { signal: stop.signal }).catch(() => undefined),
    );
    await expect.poll(() => host.count()).toBe(2);
    expect(await fetch.getBriefly(`${host.origin}/a`)).toMatchObject({ ok: false, reason: 'busy' });
    stop.abort(new Error('enough'));
    await Promise.all(held);
    expect(await fetch.getBriefly(`${host.origin}/a`)).toMatchObject({ ok: true });
  });
});
