import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { backendSettings, type BackendSettings } from '../support/backend-settings.js';
import { startHost, type Answer, type TestHost } from '../fetch/misbehaving-host.js';
import { noise } from '../pictures/samples.js';
import { Newsroom } from './newsroom.js';

/** Longest wait for what takes a second or so on an idle machine. */
const SOON = { timeout: 20_000, interval: 25 };
const UNSET = { breaker: { failures: 1000 } };

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await noise(640, 360).jpeg().toBuffer();
});

async function hostWith(answers: Readonly<Record<string, Answer>>): Promise<TestHost> {
  const host = await startHost(answers);
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

const good: Answer = (_q, r) => r.end(jpeg);

const bad =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_q, r) =>
    r.writeHead(code, headers).end();

/** The first answer to the first request for each path, the next to the next; the last to all that follow. */
function inTurn(...answers: readonly Answer[]): Answer {
  const asked = new Map<string, number>();
  return (q, r) => {
    const count = asked.get(q.url ?? '') ?? 0;
    asked.set(q.url ?? '', count + 1);
    answers[Math.min(count, answers.length - 1)]?.(q, r);
  };
}

/** So many tries, one after the other, as a condition may come true late on a busy machine. */
function often(delayMs: number): number[] {
  return Array.from({ length: 40 }, () => delayMs);
}

describe.each(backendSettings())('pictures that could not be reached, on $name', ({ open }) => {
  let backend: BackendSettings;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.stop());

  const start = async (
    hosts: readonly TestHost[],
    pictures: object,
    ports: readonly number[] = [],
  ): Promise<Newsroom> => {
    const room = await Newsroom.open({
      backend,
      ports: [...hosts.map(({ port }) => port), ...ports],
      pictures: { ...UNSET, ...pictures },
    });
    await room.start();
    return room;
  };

  it('are fetched again, and one event tells of them all', async () => {
    const later = inTurn(bad(500), good);
    const host = await hostWith({ '/a.jpg': later, '/b.jpg': later, '/c.jpg': good });
    const room = await start([host], { retryDelaysMs: [500] });
    await room.drop(
      'one',
      ['a', 'b', 'c'].map((name) => `${host.origin}/${name}.jpg`),
    );
    await expect.poll(() => room.pictures('one'), SOON).toEqual(['verified', 'verified', 'verified']);
    await expect.poll(() => room.jobs(), SOON).toBe(0);
    expect(await room.kinds('one')).toEqual(['created', 'updated']);
    const [created] = await room.told();
    expect(created?.data.images.map(({ reason }) => reason)).toEqual([undefined, 'status-5xx', 'status-5xx']);
    expect(host.count('/c.jpg')).toBe(1);
  });

  it('and are found bad later change the record once, and are then left', async () => {
    const host = await hostWith({ '/a.jpg': inTurn(bad(503), bad(404)) });
    const room = await start([host], { retryDelaysMs: [100, 100, 100] });
    await room.drop('one', [`${host.origin}/a.jpg`]);
    await expect.poll(() => room.pictures('one'), SOON).toEqual(['status-4xx']);
    await expect.poll(() => room.jobs(), SOON).toBe(0);
    expect(await room.kinds('one')).toEqual(['created', 'updated']);
  });

  it('are fetched again although their turn comes before the commit that says so', async () => {
    const host = await hostWith({ '*': inTurn(bad(503), good) });
    const room = await start([host], { retryDelaysMs: [1] });
    const names = Array.from({ length: 10 }, (_, index) => `a${index}`);
    await Promise.all(names.map((name) => room.drop(name, [`${host.origin}/${name}.jpg`])));
    for (const name of names) {
      await expect.poll(() => room.pictures(name), SOON).toEqual(['verified']);
      expect(await room.kinds(name)).toEqual(['created', 'updated']);
    }
  });

  it('are given up after the last try, without an event', async () => {
    const dead = await freePort();
    const room = await start([], { retryDelaysMs: [50, 50] }, [dead]);
    await room.drop('one', [`http://127.0.0.1:${dead}/a.jpg`]);
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
    await expect.poll(() => room.jobs(), SOON).toBe(0);
    expect(await room.kinds('one')).toEqual(['created']);
    expect(await room.pictures('one')).toEqual(['connect']);
  });

  it('are fetched again no sooner than their host allows', async () => {
    const asked: number[] = [];
    const host = await hostWith({
      '/a.jpg': (q, r) => {
        asked.push(performance.now());
        if (asked.length === 1) bad(503, { 'retry-after': '2' })(q, r);
        else good(q, r);
      },
    });
    const room = await start([host], { retryDelaysMs: [50] });
    await room.drop('one', [`${host.origin}/a.jpg`]);
    await expect.poll(() => room.pictures('one'), SOON).toEqual(['verified']);
    const [first = 0, second = 0] = asked;
    expect(second - first).toBeGreaterThan(1900);
    expect(asked).toHaveLength(2);
  });

  it('of a host that rests are skipped at once, and had when a trial has found it well', async () => {
    let works = false;
    const later: Answer = (q, r) => (works ? good : bad(500))(q, r);
    const host = await hostWith({ '*': later });
    const room = await start([host], {
      breaker: { failures: 2, restMs: 5000, maxRestMs: 5000 },
      retryDelaysMs: often(1500),
    });
    await room.drop('one', [`${host.origin}/1.jpg`, `${host.origin}/2.jpg`]);
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
    await room.drop('two', [`${host.origin}/3.jpg`, `${host.origin}/4.jpg`]);
    await expect.poll(() => room.kinds('two'), SOON).toEqual(['created']);
    expect(await room.pictures('two')).toEqual(['resting', 'resting']);
    expect(host.count()).toBe(2);
    works = true;
    for (const name of ['one', 'two']) {
      await expect.poll(() => room.pictures(name), SOON).toEqual(['verified', 'verified']);
      expect(await room.kinds(name)).toEqual(['created', 'updated']);
    }
  });

  it('are not asked for when the file was saved with others meanwhile', async () => {
    const host = await hostWith({ '/a.jpg': bad(503), '/b.jpg': good });
    const room = await start([host], { retryDelaysMs: [1500] });
    await room.drop('one', [`${host.origin}/a.jpg`]);
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
    await room.drop('one', [`${host.origin}/b.jpg`]);
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created', 'updated']);
    await expect.poll(() => room.jobs(), SOON).toBe(0);
    expect(await room.kinds('one')).toEqual(['created', 'updated']);
    expect(host.count('/a.jpg')).toBe(1);
  });

  it('are had although the file was saved again as it was while nothing was running', async () => {
    let works = false;
    const host = await hostWith({ '/a.jpg': (q, r) => (works ? good : bad(503))(q, r) });
    const room = await start([host], { retryDelaysMs: often(1000) });
    await room.drop('one', [`${host.origin}/a.jpg`]);
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
    const before = await room.row('one');
    await room.stop();
    await room.drop('one', [`${host.origin}/a.jpg`]);
    await room.start();
    await expect.poll(async () => (await room.row('one'))?.number, SOON).toBeGreaterThan(before?.number ?? 0);
    works = true;
    await expect.poll(() => room.pictures('one'), SOON).toEqual(['verified']);
    await expect.poll(() => room.jobs(), SOON).toBe(0);
    expect(await room.kinds('one')).toEqual(['created', 'updated']);
    expect((await room.row('one'))?.stat?.mtimeNs).not.toBe(before?.stat?.mtimeNs);
  });

  it('of a file that is not the record of its article are had too, for when it becomes it', async () => {
    let works = false;
    const host = await hostWith({ '/a.jpg': (q, r) => (works ? good : bad(503))(q, r), '/b.jpg': good });
    const room = await start([host], { retryDelaysMs: often(500) });
    await room.drop('first', [`${host.origin}/b.jpg`], { id: 'same', published: '2026-02-02' });
    await expect.poll(() => room.kinds('first'), SOON).toEqual(['created']);
    await room.drop('second', [`${host.origin}/a.jpg`], { id: 'same', published: '2026-01-01' });
    await expect.poll(async () => (await room.row('second'))?.outcome, SOON).toBe('superseded');
    works = true;
    await expect.poll(() => room.jobs(), SOON).toBe(0);
    await room.remove('first');
    await expect.poll(() => room.kinds('second'), SOON).toEqual(['updated']);
    expect(await room.pictures('second')).toEqual(['verified']);
  });

  it('do not hold up a stop, and are had after the next start', async () => {
    const host = await hostWith({ '/a.jpg': inTurn(bad(503), () => undefined, good) });
    const room = await start([host], { retryDelaysMs: [100] });
    await room.drop('one', [`${host.origin}/a.jpg`]);
    await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
    await expect.poll(() => host.count(), SOON).toBe(2);
    const since = performance.now();
    expect(await room.stop()).toBe(true);
    expect(performance.now() - since).toBeLessThan(4000);
    await room.start();
    await expect.poll(() => room.pictures('one'), SOON).toEqual(['verified']);
    expect(await room.kinds('one')).toEqual(['created', 'updated']);
  });
});
