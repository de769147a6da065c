import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { article, imageLines } from './articles.js';
import { BACKENDS, PATIENT, useBackend } from './backends.js';
import { openSilentHost, type SilentHost } from './silent-host.js';
import type { Owner, Site } from './site.js';
import { until } from './until.js';

const CROWD = 40;
const GONE = 30;

/** The tests of a block go on where the one before ended, since starts are what costs. */
describe.each(BACKENDS)('a watched folder on %s', PATIENT, (name) => {
  const backend = useBackend(name);
  let site: Site;
  let owner: Owner;
  let host: SilentHost;
  let markers = 0;

  beforeAll(async () => {
    host = await openSilentHost();
    site = backend.site();
    for (let index = 0; index < CROWD; index += 1) site.put(`crowd-${index}.md`, article(`crowd-${index}`));
    owner = await site.run();
    await until(`${CROWD} created`, () => site.countOf('created') === CROWD);
  }, PATIENT.timeout);

  afterAll(() => host.close());

  /** Drops one more file and waits for it: what was there before it has been seen by then. */
  async function marked(): Promise<void> {
    markers += 1;
    const marker = `marker-${markers}.md`;
    site.write(marker, article(`marker-${markers}`));
    await site.came(marker, 'created');
  }

  async function untilReady(status: number): Promise<readonly string[]> {
    return until(`readyz to answer ${status}`, async () => {
      const seen = await owner.readiness();
      return seen?.status === status && seen.reasons;
    });
  }

  it('takes a file that is written in place, and one that is renamed into it', async () => {
    const aside = path.join(site.dir, 'aside.md');
    writeFileSync(aside, article('renamed-in'));
    renameSync(aside, path.join(site.inbox, 'renamed-in.md'));
    site.write('written.md', article('written'));

    await site.came('renamed-in.md', 'created');
    await site.came('written.md', 'created');
  });

  it('waits for a file that is written slowly', async () => {
    const text = article('slow');
    const file = openSync(path.join(site.inbox, 'slow.md'), 'w');
    writeSync(file, text.slice(0, 4));
    site.write('meanwhile.md', article('meanwhile'));
    await until('another file to pass it', () => {
      writeSync(file, '# not the end\n');
      return site.kinds('meanwhile.md').length > 0;
    });
    writeSync(file, text.slice(4));
    closeSync(file);

    await site.came('slow.md', 'created');
    expect(site.kinds('slow.md')).toEqual(['created']);
  });

  it('ends in the last of three quick saves', async () => {
    const [a, b] = [article('saves', { title: 'A' }), article('saves', { title: 'B' })];
    for (const text of [a, b, a]) site.write('saves.md', text);
    await site.came('saves.md', 'created');
    for (const text of [b, a, b]) site.write('saves.md', text);

    await until('the last save', () => site.record('saves.md')?.title === 'B');
    await marked();
    expect(site.record('saves.md')?.title).toBe('B');
  });

  it('is not upset by a file that is gone before it can be read', async () => {
    rmSync(site.write('fleeting.md', article('fleeting')));

    await marked();
    expect(site.kinds('fleeting.md').filter((kind) => kind === 'rejected')).toEqual([]);
  });

  it('tells a rename as moved, with id and version as they were', async () => {
    const before = site.record('written.md');
    renameSync(path.join(site.inbox, 'written.md'), path.join(site.inbox, 'elsewhere.md'));

    await until('moved', () => site.countOf('moved') === 1);
    const moved = site.events().find(({ type }) => type === 'galley.article.moved');
    expect(moved?.data).toEqual({
      id: before?.id,
      version: before?.version,
      from: 'written.md',
      to: 'elsewhere.md',
    });
    expect(site.kinds('elsewhere.md')).not.toContain('created');
  });

  it('tells a rename with an edit as one update', async () => {
    const { id, version } = site.record('renamed-in.md') ?? {};
    rmSync(path.join(site.inbox, 'renamed-in.md'));
    site.write('renamed-and-edited.md', article('renamed-in', { title: '"Edited on the way"' }));

    await site.came('renamed-and-edited.md', 'updated');
    await marked();
    expect(site.record('renamed-and-edited.md')).toMatchObject({ id, version: (version ?? 0) + 1 });
    expect(site.events().filter(({ data }) => 'id' in data && data.id === id)).toHaveLength(2);
  });

  it('tells a renamed subfolder as so many moves', async () => {
    for (const each of [1, 2, 3]) site.write(`sub/${each}.md`, article(`sub-${each}`));
    for (const each of [1, 2, 3]) await site.came(`sub/${each}.md`, 'created');
    const [moved, removed] = [site.countOf('moved'), site.countOf('removed')];
    renameSync(path.join(site.inbox, 'sub'), path.join(site.inbox, 'other'));

    await until('three moves', () => site.countOf('moved') === moved + 3);
    expect(site.countOf('removed')).toBe(removed);
  });

  it('tells a removal', async () => {
    const { id, version } = site.record('elsewhere.md') ?? site.record('written.md') ?? {};
    rmSync(path.join(site.inbox, 'elsewhere.md'));

    await site.came('elsewhere.md', 'removed');
    const removed = site.events().findLast(({ type }) => type === 'galley.article.removed');
    expect(removed?.data).toEqual({ id, version: (version ?? 0) + 1 });
  });

  it('tells no removal when the folder itself is gone, says so at readyz, and comes back with it', async () => {
    const removed = site.countOf('removed');
    const aside = path.join(site.dir, 'unmounted');
    renameSync(site.inbox, aside);

    expect(await untilReady(503)).toEqual([expect.stringContaining('is not there')]);
    const alive = await fetch(`http://127.0.0.1:${owner.port}/healthz`);
    expect(alive.status).toBe(200);
    renameSync(aside, site.inbox);
    expect(await untilReady(200)).toEqual([]);
    await marked();
    expect(site.countOf('removed')).toBe(removed);
  });

  it('withholds the removal of most files, and says so at readyz', async () => {
    const removed = site.countOf('removed');
    for (let index = 0; index < GONE; index += 1) rmSync(path.join(site.inbox, `crowd-${index}.md`));

    expect(await untilReady(503)).toEqual([expect.stringContaining(`${GONE} files`)]);
    await marked();
    expect(site.countOf('removed')).toBe(removed);
  });

  it('lets nobody else in: not on its port, not into its state', async () => {
    const flags =
      name === 'embedded' ? site.flags : ['--state', path.join(site.dir, 'other'), '--out', `${site.out}.2`];
    const env = name === 'embedded' ? {} : { GALLEY_NAMESPACE: 'other' };
    const args = ['run', '--inbox', site.inbox, ...flags, '--port', String(owner.port)];
    const { code, stderr, stdout } = await site.galley(args, { env });

    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trimEnd()).toContain(name === 'embedded' ? site.state : String(owner.port));
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('ends cleanly on SIGTERM, and finds at the next start what changed meanwhile', async () => {
    owner.kill('SIGTERM');
    const { code, stderr } = await owner.ended;
    expect(code, stderr).toBe(0);
    const before = site.events().length;
    const changed = path.join(site.inbox, 'crowd-38.md');
    writeFileSync(changed, readFileSync(changed, 'utf8').replace('Notes', 'More notes'));
    renameSync(path.join(site.inbox, 'crowd-39.md'), path.join(site.inbox, 'crowd-moved.md'));

    owner = await site.run(['--accept-removals', '--allow-host', host.name]);

    await until('what changed', () => site.events().length >= before + GONE + 2);
    await marked();
    const since = site.events().slice(before, -1);
    const kinds = since.map(({ type }) => type.slice('galley.article.'.length)).toSorted();
    expect(kinds).toEqual(['moved', ...Array.from({ length: GONE }, () => 'removed'), 'updated']);
    expect(await untilReady(200)).toEqual([]);
  });

  it('ends at once on a second signal, while a job in hand holds up the first', async () => {
    site.write(
      'waiting.md',
      article('waiting', { images: imageLines([{ url: `http://${host.name}/never.jpg` }]) }),
    );
    await until('the picture to be asked for', () => host.asked());
    owner.kill('SIGINT');
    await until('the first signal to be heard', () => /Stopping \(SIGINT\)/.test(owner.stderr()));
    const told = performance.now();
    owner.kill('SIGINT');

    const { code } = await owner.ended;
    expect(code).toBe(1);
    expect(performance.now() - told).toBeLessThan(5000);
    const after = await site.galley(['status', '--json', '--state', site.state]);
    expect(after.code, after.stderr).toBe(0);
  });
});
