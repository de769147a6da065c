import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BACKENDS, useBackend } from './backends.js';
import type { Ended, Running } from './command.js';
import { expectEachOnce, putMany } from './many-articles.js';
import type { Site } from './site.js';
import { until } from './until.js';

/** Slow enough that a signal lands in the middle. */
const SLOWLY = { env: { GALLEY_CONCURRENCY: '1' } };
const COUNT = 1000;

/** Whether the signal came in the middle of the work, with the end of the command. */
async function endedAt(site: Site, lines: number, running: Running, signal: NodeJS.Signals): Promise<Ended> {
  await reached(site, lines, running);
  running.kill(signal);
  return running.ended;
}

async function reached(site: Site, lines: number, running: Running): Promise<void> {
  let ended = false;
  void running.ended.then(() => (ended = true));
  await until(
    () => `${lines} lines in the sink; there are ${site.count()}; ${running.stderr()}`,
    () => ended || site.count() >= lines,
    40_000,
  );
}

describe.each(BACKENDS)('an ingest that is killed on %s', (name) => {
  const backend = useBackend(name);

  it('is finished by the same command, each article created once', { timeout: 120_000 }, async () => {
    const site = backend.site();
    putMany(site, COUNT);
    const inTheMiddle: number[] = [];

    // Before anything came out, then at points that differ from run to run.
    const starting = site.startIngest([], SLOWLY);
    await until('the state folder or the first line', () => name === 'redis' || existsSync(site.state));
    starting.kill('SIGKILL');
    await starting.ended;
    for (const share of [0, 0.25]) {
      const from = site.count() + 1 + Math.floor((share + Math.random() * 0.2) * COUNT);
      const { signal } = await endedAt(site, from, site.startIngest([], SLOWLY), 'SIGKILL');
      if (signal === 'SIGKILL' && site.count() < COUNT) inTheMiddle.push(site.count());
    }
    const { code, summary, stderr } = await site.ingest();

    expect(inTheMiddle.length, 'no kill came in the middle').toBeGreaterThan(0);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ files: COUNT, failed: 0, rejected: 0 });
    expectEachOnce(site, COUNT);
  });

  it(
    'stops cleanly on SIGTERM, outlives or tells the loss of its backend, and is finished by the next',
    { timeout: 120_000 },
    async () => {
      const site = backend.site();
      putMany(site, COUNT);

      const running = site.startIngest([], SLOWLY);
      await reached(site, 20, running);
      const told = performance.now();
      running.kill('SIGTERM');
      const stopped = await running.ended;
      const took = performance.now() - told;
      const before = site.count();
      const next = site.startIngest([], SLOWLY);
      await reached(site, before + 20, next);
      await loseBackend(site);
      const lost = await next.ended;
      const last = await site.ingest();

      expect(stopped.code).toBe(1);
      expect(stopped.stderr).toContain('interrupted');
      expect(took).toBeLessThan(10_500);
      expect(before).toBeLessThan(COUNT);
      // The embedded server is the command's own child: without it there is nothing to go on with.
      expect(lost.code, lost.stderr).toBe(name === 'embedded' ? 1 : 0);
      expect(lost.stderr).not.toMatch(/\n\s+at /);
      if (name === 'embedded') expect(lost.stderr).not.toBe('');
      expect(last.code, last.stderr).toBe(0);
      expectEachOnce(site, COUNT);
    },
  );

  async function loseBackend(site: Site): Promise<void> {
    if (name === 'redis') return backend.redis().restart();
    process.kill(serverPid(site), 'SIGKILL');
  }
});

/** Main process of the embedded server, by its lock file. */
function serverPid(site: Site): number {
  const file = path.join(site.state, 'postgres', 'data', 'postmaster.pid');
  return Number.parseInt(readFileSync(file, 'utf8'), 10);
}
