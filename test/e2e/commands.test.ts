import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventSchema } from '../../src/shared/events/event.js';
import { article } from './articles.js';
import { BACKENDS, PATIENT, useBackend } from './backends.js';
import { kindOf } from './event-rules.js';
import type { Site } from './site.js';
import { until } from './until.js';

interface Status {
  readonly articles: number;
  readonly sources: number;
  readonly rejected: number;
  readonly log: { readonly last: number };
  readonly sinks: readonly { readonly name: string; readonly lag: number; readonly deadLetters: number }[];
}

describe.each(BACKENDS)('commands on %s', PATIENT, (name) => {
  const backend = useBackend(name);

  /** Follows the log until there are so many events. */
  async function tail(site: Site, count: number, args: readonly string[]) {
    const running = site.start(['tail', '--state', site.state, ...args]);
    const events = () =>
      running
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => eventSchema.parse(JSON.parse(line)));
    await until(
      () => `${count} events from tail; ${running.stdout()}${running.stderr()}`,
      () => events().length >= count,
    );
    running.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(0);
    return events();
  }

  async function json<T>(site: Site, ...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await site.galley([...args, '--json', '--state', site.state]);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as T;
  }

  it('tell of everything beside a running owner', async () => {
    const site = backend.site();
    const file = site.put('first.md', article('first'));
    site.put('second.md', article('second'));
    site.put('bad.md', article('bad', { title: null }));
    const owner = await site.run();
    await until('three events', () => site.count() === 3);
    const { id = '', title } = site.record('first.md') ?? {};
    await until('the sink to have all', async () => {
      const { sinks } = await json<Status>(site, 'status');
      return sinks.every(({ lag }) => lag === 0);
    });

    const [status, byId, byFile] = await Promise.all([
      json<Status>(site, 'status'),
      json<object>(site, 'inspect', id),
      json<object>(site, 'inspect', file),
    ]);
    const [rejected, all] = await Promise.all([
      json<object>(site, 'rejected'),
      tail(site, 3, ['--since', '0']),
    ]);
    const [created, later, doctor] = await Promise.all([
      tail(site, 2, ['--since', '2020-01-01T00:00:00Z', '--type', 'created']),
      tail(site, 1, ['--since', '2']),
      site.galley(['doctor', '--json', '--inbox', site.inbox, ...site.flags]),
    ]);

    expect(status).toMatchObject({
      articles: 2,
      sources: 3,
      rejected: 1,
      log: { last: 3 },
      sinks: [{ name: 'ndjson', lag: 0, deadLetters: 0 }],
    });
    expect(byId).toMatchObject({
      record: { id, title },
      article: { state: 'live' },
      sinks: [{ delivered: true }],
    });
    expect(byFile).toEqual(byId);
    expect(rejected).toMatchObject({
      rejected: [{ path: 'bad.md', problems: [{ field: 'title', code: 'missing' }] }],
    });
    expect(all).toEqual(site.events());
    expect(created.map(kindOf)).toEqual(['created', 'created']);
    expect(later).toEqual(site.events().slice(2));
    expect(JSON.parse(doctor.stdout)).toMatchObject({ ok: true });
    expect(doctor.code).toBe(0);
    owner.kill('SIGTERM');
    await owner.ended;
  });

  it('forget everything with reset, so that all is new', async () => {
    const site = backend.site();
    site.put('a.md', article('a'));
    site.put('b.md', article('b'));
    expect((await site.ingest()).summary).toMatchObject({ delivered: 2 });
    const reset = await site.galley(['reset', '--yes', '--state', site.state]);
    expect(reset.code, reset.stderr).toBe(0);
    const again = await site.ingest();

    expect(again.summary).toMatchObject({ delivered: 2, unchanged: 0 });
    expect(site.kinds('a.md')).toEqual(['created', 'created']);
    expect(site.record('a.md')).toMatchObject({ version: 1 });
  });

  it('print nothing but events on standard output with the sink stdout:', async () => {
    const site = backend.site();
    site.put('a.md', article('a'));
    // Flags win over the environment, and that over the config file.
    writeFileSync(
      path.join(site.dir, 'galley.config.json'),
      JSON.stringify({ sinks: ['nowhere:'], state: 'file' }),
    );
    const env = { GALLEY_SINK: 'stdout:', GALLEY_STATE: 'environment', GALLEY_OUT: '' };

    const { code, stdout, stderr } = await site.galley(['ingest', site.inbox, '--state', site.state], {
      env,
    });

    expect(code, stderr).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => eventSchema.parse(JSON.parse(line)));
    expect(events.map(kindOf)).toEqual(['created']);
    expect(stderr).toContain('1 delivered');
    for (const folder of ['file', 'environment']) expect(existsSync(path.join(site.dir, folder))).toBe(false);
    if (name === 'embedded') expect(existsSync(site.state)).toBe(true);
    expect(existsSync(path.join(site.dir, 'outbox'))).toBe(false);
  });
});
