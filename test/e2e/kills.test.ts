import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BACKENDS, PATIENT, useBackend } from './backends.js';
import type { Ended, Running } from './command.js';
import { expectEachOnce, putMany } from './many-articles.js';
import type { Site } from './site.js';
import { until } from './until.js';

/** Slow enough that a signal lands in the middle. */
const SLOWLY = { env: { GALLEY_CONCURRENCY: '1' } };
const COUNT = 1000;

/** At a point that differs from run to run. */
async function killedInTheMiddle(site: Site): Promise<Ended> {
  const running = site.startIngest([], SLOWLY);
  await reached(site, site.count() + 1 + Math.floor(Math.random() * 0.2 * COUNT), running);
  running.kill('SIGKILL');
  return running.ended;
}

async function stoppedInTheMiddle(site: Site): Promise<Ended & { readonly ms: number }> {
  const running = site.startIngest([], SLOWLY);
  await reached(site, site.count() + 20, running);
  const told = performance.now();
  running.kill('SIGTERM');
  const ended = await running.ended;
  return { ...ended, ms: performance.now() - told };
}

async function reached(site: Site, lines: number, running: Running): Promise<void> {
  let ended = false;
  void running.ended.then(() => (ended = true));
  await until(
    () => `${lines} lines in the sink; there are ${site.count()}; ${running.stderr()}`,
    () => ended || site.count() >= lines,
  );
}

describe.each(BACKENDS)('an ingest that is killed on %s', PATIENT, (name) => {
  const backend = useBackend(name);

  it('is finished by the same command however it was ended, each article created once', async () => {
    const site = backend.site();
    putMany(site, COUNT);

    await killedAtTheStart(site);
    const kills = [await killedInTheMiddle(site), await killedInTheMiddle(site)];
    const stopped = await stoppedInTheMiddle(site);
    const lost = await robbedOfItsBackend(site);
    const last = await site.ingest();

    expect(
      kills.some(({ signal }) => signal === 'SIGKILL'),
      'no kill came in the middle',
    ).toBe(true);
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toContain('interrupted');
    expect(stopped.ms).toBeLessThan(10_500);
    // The embedded server is the command's own child: without it there is nothing to go on with.
    expect(lost.code, lost.stderr).toBe(name === 'embedded' ? 1 : 0);
    expect(lost.stderr).not.toMatch(/\n\s+at /);
    if (name === 'embedded') expect(lost.stderr).not.toBe('');
    expect(last.code, last.stderr).toBe(0);
    expect(last.stderr).toBe('');
    expect(last.summary).toMatchObject({ files: COUNT, failed: 0, rejected: 0 });
    expectEachOnce(site, COUNT);
  });

  async function killedAtTheStart(site: Site): Promise<void> {
    const running = site.startIngest([], SLOWLY);
    await until('the state folder', () => name === 'redis' || existsSync(site.state));
    running.kill('SIGKILL');
    await running.ended;
  }

  async function robbedOfItsBackend(site: Site): Promise<Ended> {
    const running = site.startIngest([], SLOWLY);
    await reached(site, site.count() + 20, running);
    await loseBackend(site);
    return running.ended;
  }

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
