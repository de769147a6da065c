import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startHost, type Answer, type TestHost } from '../fetch/misbehaving-host.js';
import { noise } from '../pictures/samples.js';
import { backendSettings, type BackendSettings } from '../support/backend-settings.js';
import { Newsroom } from './newsroom.js';

/** Longest wait for what takes a second or so on an idle machine. */
const SOON = { timeout: 25_000, interval: 25 };

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await noise(64, 36).jpeg().toBuffer();
});

async function hostWith(answers: Readonly<Record<string, Answer>>): Promise<TestHost> {
  const host = await startHost(answers);
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

const good: Answer = (_q, r) => r.end(jpeg);
const silent: Answer = () => undefined;

function urls(host: TestHost, name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${host.origin}/${name}${index}.jpg`);
}

describe.each(backendSettings())('a host that hangs, on $name', ({ open }) => {
  let backend: BackendSettings;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.stop());

  it('does not take the workers from the others', async () => {
    const [slow, fast] = [await hostWith({ '*': silent }), await hostWith({ '*': good })];
    const pictures = { headersMs: 30_000 };
    const room = await Newsroom.open({ backend, ports: [slow.port, fast.port], pictures });
    await room.start();
    for (let i = 0; i < 8; i++) await room.drop(`slow${i}`, urls(slow, `${i}-`, 25));
    await expect.poll(() => slow.count(), SOON).toBe(6);
    await room.drop('fast', urls(fast, '', 100));
    await expect.poll(() => room.kinds('fast'), SOON).toEqual(['created']);
    expect(new Set(await room.pictures('fast'))).toEqual(new Set(['verified']));
    expect(await room.told()).toHaveLength(1);
    // No time-out has set any of its slots free: it has had no more than these requests.
    expect(slow.count()).toBe(6);
  });

  it('does not make a stop unclean, and its pictures are had after the next start', async () => {
    let hangs = true;
    const host = await hostWith({ '*': (q, r) => (hangs ? silent : good)(q, r) });
    const room = await Newsroom.open({ backend, ports: [host.port] });
    await room.start();
    await room.drop('one', urls(host, 'a', 10));
    await expect.poll(() => host.count(), SOON).toBe(6);
    expect(await room.stop()).toBe(true);
    expect(await room.told()).toEqual([]);
    hangs = false;
    await room.start();
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
    expect(new Set(await room.pictures('one'))).toEqual(new Set(['verified']));
  });

  it('holds no article up for longer than the cap', async () => {
    const host = await hostWith({ '*': silent });
    const room = await Newsroom.open({
      backend,
      ports: [host.port],
      pictures: { totalMs: 1500, breaker: { failures: 1000 }, retryDelaysMs: [] },
    });
    await room.start();
    const since = performance.now();
    const names = Array.from({ length: 12 }, (_, index) => `a${index}`);
    for (const name of names) await room.drop(name, urls(host, `${name}-`, 3));
    await expect.poll(async () => (await room.told()).length, SOON).toBe(names.length);
    expect(performance.now() - since).toBeLessThan(6000);
    for (const name of names) expect(await room.pictures(name)).toEqual(['timeout', 'timeout', 'timeout']);
  });
});

describe.each(backendSettings())('a host with a rate, on $name', ({ open }) => {
  let backend: BackendSettings;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.stop());

  it('is asked no faster, and all its pictures are had', async () => {
    const asked: number[] = [];
    const host = await hostWith({
      '*': (q, r) => {
        asked.push(performance.now());
        good(q, r);
      },
    });
    const room = await Newsroom.open({ backend, ports: [host.port], pictures: { ratePerHost: 10 } });
    await room.start();
    for (const name of ['a', 'b', 'c']) await room.drop(name, urls(host, name, 8));
    await expect.poll(async () => (await room.told()).length, SOON).toBe(3);
    for (const name of ['a', 'b', 'c']) {
      expect(new Set(await room.pictures(name))).toEqual(new Set(['verified']));
    }
    expect(asked).toHaveLength(24);
    expect((asked.at(-1) ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(2200);
  });
});
