import { brotliCompressSync, constants, gzipSync, deflateRawSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllowedHost } from '../../src/shared/fetch/allow-list.js';
import type { FetchLimits } from '../../src/shared/fetch/limits.js';
import type { HostAddress, HostResolver } from '../../src/shared/fetch/resolver.js';
import {
  createSafeFetch,
  FetchClosedError,
  userAgent,
  type SafeFetch,
} from '../../src/shared/fetch/safe-fetch.js';
import { drip, startHost, type Answer, type TestHost } from './misbehaving-host.js';

interface Setting {
  readonly allow?: readonly string[];
  readonly limits?: Partial<FetchLimits>;
  readonly resolver?: HostResolver;
  readonly ports?: readonly number[];
}

function fetchWith({ allow = [], ...rest }: Setting = {}): SafeFetch {
  const fetch = createSafeFetch({
    userAgent: userAgent('0.0.0', 'https://galley.example/contact'),
    allowHosts: allow.map(parseAllowedHost),
    ...rest,
  });
  onTestFinished(() => fetch.close());
  return fetch;
}

async function hostWith(answers: Readonly<Record<string, Answer>>, address?: string): Promise<TestHost> {
  const host = await startHost(answers, address);
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

/** Packed beforehand: it takes longer than the limits of these tests. */
const gzipBomb = gzipSync(Buffer.alloc(50_000_000));
const brotliBomb = brotliCompressSync(Buffer.alloc(9_000_000), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4 },
});

const counting: Readonly<Record<string, Answer>> = { '*': (_request, response) => response.end('private') };

/** Answers each look-up with the next of these. */
function answering(...rounds: readonly (readonly string[])[]): HostResolver & { asked: number } {
  const resolver = {
    asked: 0,
    resolve: async (): Promise<readonly HostAddress[]> => {
      const round = rounds[Math.min(resolver.asked++, rounds.length - 1)] ?? [];
      return round.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  };
  return resolver;
}

/** Spellings that some parser or system call takes for this machine. */
const SPELLINGS = [
  '127.0.0.1', '127.1', '127.0.1', '127.0.0.1.', '0177.0.0.1', '0177.0.0.01', '0177.1', '0x7f.0.0.1', '0x7f.0x0.0x0.0x1',
  '0x7f000001', '0X7F000001', '2130706433', '017700000001', '127.0.0.2', '127.127.127.127', '127.255.255.254', '0.0.0.0',
  '0', '0x0', '00', '%31%32%37.0.0.1', '１２７.0.0.1', '127。0。0。1', '①②⑦.0.0.1', 'localhost', 'LOCALHOST', 'localhost.',
  'LocalHost', 'a.localhost', 'deep.a.localhost.', '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]', '[::ffff:0:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::0.0.0.1]',
]; // prettier-ignore

describe('a fetch of a private address', () => {
  it(`is refused in ${SPELLINGS.length} spellings of this machine, and nothing reaches it`, async () => {
    const canary = await hostWith(counting, '::');
    // Every port is allowed: only the address stands between the fetch and the canary.
    const fetch = fetchWith({ ports: [canary.port] });
    expect(SPELLINGS.length).toBeGreaterThanOrEqual(40);
    for (const spelling of SPELLINGS) {
      const result = await fetch.get(`http://${spelling}:${canary.port}/`);
      expect({ spelling, ...result }).toMatchObject({
        spelling,
        reason: 'refused-address',
        retryable: false,
      });
    }
    expect(canary.count()).toBe(0);
  });

  it('is refused where a public name leads to it', async () => {
    const canary = await hostWith(counting);
    const fetch = fetchWith({ ports: [canary.port], resolver: answering(['127.0.0.1', '::1', '10.0.0.1']) });
    const result = await fetch.get(`http://public.example:${canary.port}/`);
    expect(result).toMatchObject({ ok: false, reason: 'refused-address' });
    expect(canary.count()).toBe(0);
  });

  it('is refused where a name answers with a public address first and a private one then (rebinding)', async () => {
    const canary = await hostWith(counting);
    const resolver = answering(['192.0.2.1'], ['127.0.0.1']);
    const fetch = fetchWith({ ports: [canary.port], resolver });
    for (let round = 0; round < 3; round++) {
      const result = await fetch.get(`http://public.example:${canary.port}/`);
      expect(result).toMatchObject({ ok: false, reason: 'refused-address' });
    }
    expect(resolver.asked).toBe(3);
    expect(canary.count()).toBe(0);
  });

  it('is not made where only one of the addresses of a name is private', async () => {
    const canary = await hostWith(counting);
    const fetch = fetchWith({
      ports: [canary.port],
      resolver: answering(['127.0.0.1', '8.8.8.8']),
      limits: { totalMs: 300 },
    });
    expect(await fetch.get(`http://public.example:${canary.port}/`)).toMatchObject({ ok: false });
    expect(canary.count()).toBe(0);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://127.0.0.1/x.png',
    'http://[::1]/',
    'http://localhost/',
    'http://[fd00:ec2::254]/',
  ])('is refused where a redirect leads to it: %s', async (location) => {
    const host = await hostWith({ '/': (_request, response) => response.writeHead(302, { location }).end() });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    expect(await fetch.get(`${host.origin}/`)).toMatchObject({ ok: false, reason: 'refused-address' });
  });

  it('is let through for an allowed host and port, and for no other port or name of it', async () => {
    const open = await hostWith(counting);
    const shut = await hostWith(counting);
    const fetch = fetchWith({ allow: [`127.0.0.1:${open.port}`], ports: [80, 443, open.port, shut.port] });
    expect(await fetch.get(`${open.origin}/`)).toMatchObject({ ok: true, status: 200 });
    expect(await fetch.get(`${shut.origin}/`)).toMatchObject({ reason: 'refused-address' });
    expect(await fetch.get(`http://localhost:${open.port}/`)).toMatchObject({ reason: 'refused-address' });
    expect([open.count(), shut.count()]).toEqual([1, 0]);
  });

  it('is let through by a name that is allowed', async () => {
    const host = await hostWith(counting);
    const fetch = fetchWith({ allow: [`localhost:${host.port}`] });
    expect(await fetch.get(`http://LOCALHOST.:${host.port}/`)).toMatchObject({ ok: true });
    expect(host.count()).toBe(1);
  });
});

describe('a URL', () => {
  it.each([
    ['ftp://a.example/x', 'bad-url'],
    ['file:///etc/passwd', 'bad-url'],
    ['data:image/png;base64,AA', 'bad-url'],
    ['/relative', 'bad-url'],
    ['http://', 'bad-url'],
    ['http://me:secret@a.example/', 'bad-url'],
    [`http://a.example/${'x'.repeat(9000)}`, 'bad-url'],
    ['http://a.example:22/', 'refused-address'],
    ['http://8.8.8.8:6379/', 'refused-address'],
  ])('that may not be fetched is refused before any connection (%#)', async (url, reason) => {
    const resolver = answering(['127.0.0.1']);
    const result = await fetchWith({ resolver }).get(url);
    expect(result).toMatchObject({ ok: false, reason });
    expect(JSON.stringify(result)).not.toContain('secret');
    expect(resolver.asked).toBe(0);
  });
});

describe('a host that misbehaves', () => {
  const endings: Readonly<Record<string, readonly [answer: Answer, reason: string, retryable: boolean]>> = {
    'drips its body': [(_q, r) => (r.writeHead(200), drip(r)), 'timeout', true],
    'never answers': [() => undefined, 'timeout', true],
    'drips its headers': [
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nx: ');
        const timer = setInterval(() => socket.write('x'), 5);
        socket.on('close', () => clearInterval(timer));
      },
      'timeout',
      true,
    ],
    'sends more than the cap without saying so': [
      (_q, r) => r.end(Buffer.alloc(2_000_000)),
      'too-large',
      false,
    ],
    'says less than it sends by chunks': [
      (_q, r) => {
        r.write(Buffer.alloc(600_000));
        r.end(Buffer.alloc(600_000));
      },
      'too-large',
      false,
    ],
    'says it will send more than the cap': [
      (_q, r) => r.writeHead(200, { 'content-length': 99_000_000 }).write('x'),
      'too-large',
      false,
    ],
    'ends before the length it said': [
      (_q, r) => {
        r.writeHead(200, { 'content-length': 1000 }).write('x', () => r.destroy());
      },
      'connect',
      true,
    ],
    'hangs up': [({ socket }) => socket.destroy(), 'connect', true],
    'speaks another protocol': [({ socket }) => socket.end('220 smtp ready\r\n'), 'connect', true],
    'sends endless headers': [
      (_q, r) => {
        r.writeHead(
          200,
          Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'y'.repeat(200)])),
        );
        r.end();
      },
      'connect',
      true,
    ],
    'sends a gzip bomb': [
      (_q, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipBomb),
      'too-large',
      false,
    ],
    'sends a brotli bomb': [
      (_q, r) => r.writeHead(200, { 'content-encoding': 'br' }).end(brotliBomb),
      'too-large',
      false,
    ],
    'wraps one coding in another': [
      (_q, r) => r.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync('x'))),
      'unsupported',
      false,
    ],
    'cuts what it packed': [
      (_q, r) =>
        r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(999)).subarray(0, 15)),
      'truncated',
      false,
    ],
    'calls packed what is not': [
      (_q, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('plain text, long enough'),
      'corrupt',
      false,
    ],
    'redirects for ever': [
      (q, r) => r.writeHead(302, { location: `${q.url ?? ''}x` }).end(),
      'redirects',
      false,
    ],
    'redirects nowhere': [(_q, r) => r.writeHead(302).end(), 'redirects', false],
    'redirects to a file': [
      (_q, r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'bad-url',
      false,
    ],
    'says 404': [(_q, r) => r.writeHead(404).end('x'), 'status-4xx', false],
    'says 304 without being asked': [(_q, r) => r.writeHead(304).end(), 'status-4xx', false],
    'says 204': [(_q, r) => r.writeHead(204).end(), 'status-4xx', false],
    'says 500': [(_q, r) => r.writeHead(500).end('x'), 'status-5xx', true],
    'says 429': [(_q, r) => r.writeHead(429, { 'retry-after': '7' }).end(), 'status-429', true],
  };

  it.each(Object.entries(endings))(
    'and %s ends with a reason',
    async (_name, [answer, reason, retryable]) => {
      const host = await hostWith({ '*': answer });
      const fetch = fetchWith({
        allow: [`127.0.0.1:${host.port}`],
        limits: { connectMs: 300, headersMs: 300, bodyMs: 300, totalMs: 2000, maxBytes: 1_000_000 },
      });
      expect(await fetch.get(`${host.origin}/a`)).toMatchObject({ ok: false, reason, retryable });
    },
  );

  it('is asked six times at most: once and five redirects', async () => {
    const host = await hostWith({ '*': (q, r) => r.writeHead(301, { location: `${q.url ?? ''}x` }).end() });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    await fetch.get(`${host.origin}/a`);
    expect(host.count()).toBe(6);
  });

  it('cannot stretch the total by redirects that each take their time', async () => {
    const host = await hostWith({
      '*': (q, r) => void setTimeout(() => r.writeHead(301, { location: `${q.url ?? ''}x` }).end(), 150),
    });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`], limits: { totalMs: 400 } });
    expect(await fetch.get(`${host.origin}/a`)).toMatchObject({ reason: 'timeout' });
  });

  it('that does not listen is not reached, and a name without address is not found', async () => {
    const host = await startHost({});
    await host[Symbol.asyncDispose]();
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    expect(await fetch.get(`${host.origin}/`)).toMatchObject({ reason: 'connect', retryable: true });
    expect(await fetchWith().get('https://nowhere.invalid/')).toMatchObject({
      reason: 'dns',
      retryable: true,
    });
  });

  it('and speaks no TLS where https is asked for fails as tls', async () => {
    const host = await hostWith(counting);
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    expect(await fetch.get(`https://127.0.0.1:${host.port}/`)).toMatchObject({ reason: 'tls' });
  });

  it('says when to come again', async () => {
    const host = await hostWith({ '/': (_q, r) => r.writeHead(503, { 'retry-after': '120' }).end() });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    expect(await fetch.get(`${host.origin}/`)).toMatchObject({ reason: 'status-5xx', retryAfterMs: 120_000 });
  });
});

describe('a good fetch', () => {
  it('gives the bytes, where they came from and what to revalidate with', async () => {
    const host = await hostWith({
      '/old': (_q, r) => r.writeHead(301, { location: '/new' }).end(),
      '/new': (_q, r) =>
        r.writeHead(200, { etag: '"1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }).end('bytes'),
    });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    expect(await fetch.get(`${host.origin}/old`)).toEqual({
      ok: true,
      notModified: false,
      status: 200,
      bytes: Buffer.from('bytes'),
      finalUrl: `${host.origin}/new`,
      etag: '"1"',
      lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT',
    });
    expect(host.requests[0]?.headers['user-agent']).toBe('Galley/0.0.0 (+https://galley.example/contact)');
  });

  it.each([
    ['gzip', gzipSync('bytes')],
    ['br', brotliCompressSync('bytes')],
    ['deflate', deflateRawSync('bytes')],
  ])('undoes %s', async (encoding, packed) => {
    const host = await hostWith({
      '/': (_q, r) => r.writeHead(200, { 'content-encoding': encoding }).end(packed),
    });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    expect(await fetch.get(`${host.origin}/`)).toMatchObject({ ok: true, bytes: Buffer.from('bytes') });
  });

  it('sends validators to the URL that gave them and to no other', async () => {
    const host = await hostWith({
      '/old': (_q, r) => r.writeHead(302, { location: '/new' }).end(),
      '/new': (q, r) => r.writeHead(q.headers['if-none-match'] === '"1"' ? 304 : 200).end(),
    });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    const validators = { url: `${host.origin}/new`, etag: '"1"' };
    expect(await fetch.get(`${host.origin}/old`, { validators })).toEqual({ ok: true, notModified: true });
    expect(host.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
  });

  it('uses no more connections to a host than it may, and waiting for one is no time-out', async () => {
    let open = 0;
    let most = 0;
    const host = await hostWith({
      '*': (_q, r) => {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open--;
          r.end('x');
        }, 30);
      },
    });
    const fetch = fetchWith({
      allow: [`127.0.0.1:${host.port}`],
      limits: { connectionsPerHost: 2, connectMs: 5000, headersMs: 200 },
    });
    const results = await Promise.all(Array.from({ length: 24 }, (_, i) => fetch.get(`${host.origin}/${i}`)));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(most).toBe(2);
  });
});

describe('an ended fetch', () => {
  it("rejects with the caller's reason, also while it waits for a connection", async () => {
    const host = await hostWith({ '*': () => undefined });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`], limits: { connectionsPerHost: 1 } });
    const controller = new AbortController();
    const reason = new Error('enough');
    const both = [1, 2].map((n) => fetch.get(`${host.origin}/${n}`, { signal: controller.signal }));
    await expect.poll(() => host.count()).toBe(1);
    controller.abort(reason);
    expect(await Promise.allSettled(both)).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
  });

  it('rejects as closed when all fetches are closed', async () => {
    const host = await hostWith({ '*': () => undefined });
    const fetch = fetchWith({ allow: [`127.0.0.1:${host.port}`] });
    const pending = fetch.get(`${host.origin}/`);
    const settled = pending.catch((error: unknown) => error);
    await expect.poll(() => host.count()).toBe(1);
    await fetch.close();
    expect(await settled).toBeInstanceOf(FetchClosedError);
    await expect(fetch.get(`${host.origin}/`)).rejects.toThrow(FetchClosedError);
  });
});
