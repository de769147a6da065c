import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../src/shared/errors/errors.js';
import { openRoot } from '../../src/watcher/root.js';
import { scanRoot, type ScanReport } from '../../src/watcher/scan.js';
import type { ScanOptions } from '../../src/watcher/options.js';
import type { WatchPorts } from '../../src/watcher/ports.js';
import { article, isArticle, MemoryLog, MemoryState } from './memory-state.js';
import { ownFolder, put, until } from './folder.js';

class Scene {
  readonly dir = ownFolder();
  readonly state = new MemoryState();
  readonly log = new MemoryLog();
  readonly told: string[] = [];

  ports(): WatchPorts {
    return { book: this.state, intake: this.state, isValid: isArticle, log: this.log };
  }

  async scan(options: ScanOptions = {}, signal = new AbortController().signal): Promise<ScanReport> {
    const root = await openRoot({ name: 'in', dir: this.dir });
    const onFile = (key: string, what: string): void => void this.told.push(`${key} ${what}`);
    return scanRoot(root, { onFile, ...options }, this.ports(), signal);
  }

  /** Scans, and answers what was sent by it. */
  async news(options: ScanOptions = {}): Promise<string[]> {
    const from = this.state.sent.length;
    await this.scan(options);
    return this.state.words(from).toSorted();
  }
}

/** Root may read everything, so it does this as somebody who may not. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const { getuid, seteuid } = process;
  if (getuid === undefined || seteuid === undefined || getuid() !== 0) return act();
  seteuid(65_534);
  try {
    return await act();
  } finally {
    seteuid(0);
  }
}

it('takes all article files of a tree, and nothing else', async () => {
  const scene = new Scene();
  for (const name of ['a.md', 'deep/er/b.markdown', 'C.MD', 'line\nfeed é 漢.md'])
    put(scene.dir, name, article(name));
  const others = [
    '.hidden.md',
    'a.md~',
    '.a.md.swp',
    '4913',
    '#a.md#',
    '.#a.md',
    '~$a.md',
    'c.txt',
    '.git/d.md',
    'md',
  ];
  for (const name of others) put(scene.dir, name, article(name));
  mkdirSync(path.join(scene.dir, 'folder.md'));
  put(scene.dir, 'folder.md/inner.md', article('inner'));
  symlinkSync(path.join(scene.dir, 'a.md'), path.join(scene.dir, 'link.md'));
  symlinkSync('/', path.join(scene.dir, 'elsewhere'));
  const report = await scene.scan();
  expect(scene.state.words().toSorted()).toEqual(
    ['+C.MD', '+a.md', '+deep/er/b.markdown', '+folder.md/inner.md', '+line\nfeed é 漢.md'].toSorted(),
  );
  expect(report).toMatchObject({ seen: 5, read: 5, unchanged: 0, gone: 0 });
  const sighting = scene.state.last('a.md');
  expect(sighting).toMatchObject({
    key: 'in/a.md',
    text: article('a.md'),
    fingerprint: hash('sha256', article('a.md')),
  });
});

it('reads nothing again that is as it was, and says so of each file', async () => {
  const scene = new Scene();
  put(scene.dir, 'good.md', article('x'));
  put(scene.dir, 'bad.md', 'no front matter');
  await scene.scan();
  scene.told.length = 0;
  expect(await scene.scan()).toMatchObject({ seen: 2, unchanged: 1, unchangedRejected: 1, read: 0 });
  expect(scene.state.sent).toHaveLength(2);
  expect(scene.told.toSorted()).toEqual(['in/bad.md unchanged-rejected', 'in/good.md unchanged']);
});

it('notes a touched file as the same content, and only once', async () => {
  const scene = new Scene();
  put(scene.dir, 'a.md', article('x'));
  await scene.scan();
  put(scene.dir, 'a.md', article('x'));
  expect(await scene.news()).toEqual(['=a.md']);
  expect(await scene.news()).toEqual([]);
});

it('finds what was removed, renamed and changed while nothing was running', async () => {
  const scene = new Scene();
  for (const name of ['stays', 'removed', 'renamed', 'edited', 'bad']) {
    put(scene.dir, `${name}.md`, name === 'bad' ? 'bad' : article(name));
  }
  await scene.scan();
  rmSync(path.join(scene.dir, 'removed.md'));
  mkdirSync(path.join(scene.dir, 'sub'));
  renameSync(path.join(scene.dir, 'renamed.md'), path.join(scene.dir, 'sub/other.md'));
  renameSync(path.join(scene.dir, 'bad.md'), path.join(scene.dir, 'still-bad.md'));
  put(scene.dir, 'edited.md', article('edited again'));
  const from = scene.state.sent.length;
  expect(await scene.scan()).toMatchObject({ gone: 1, moved: 2, read: 3, unchanged: 1 });
  expect(scene.state.words(from).toSorted()).toEqual(
    ['+edited.md', '-removed.md', 'bad.md>still-bad.md', 'renamed.md>sub/other.md'].toSorted(),
  );
});

it('commits the new file before it tells of the old one when a file was renamed and edited', async () => {
  const scene = new Scene();
  put(scene.dir, 'old.md', article('x'));
  await scene.scan();
  rmSync(path.join(scene.dir, 'old.md'));
  put(scene.dir, 'new.md', article('y'));
  scene.state.holdCommits();
  const scanned = scene.scan();
  await until(() => scene.state.words().includes('+new.md'));
  expect(scene.state.words()).not.toContain('-old.md');
  scene.state.letCommits();
  await scanned;
  expect(scene.state.committed.slice(-2)).toEqual(['present new.md', 'gone old.md']);
});

it('tells of no removal when more than half of the files are gone, unless it is told to', async () => {
  const scene = new Scene();
  for (let i = 0; i < 40; i += 1) put(scene.dir, `${i}.md`, article(`${i}`));
  await scene.scan();
  for (let i = 0; i < 21; i += 1) rmSync(path.join(scene.dir, `${i}.md`));
  expect(await scene.scan()).toMatchObject({ gone: 0, withheldRemovals: 21, reason: 'half-gone' });
  expect(scene.log.lines.map((line) => line.level)).toEqual(['error']);
  expect(await scene.scan({ acceptRemovals: true })).toMatchObject({ gone: 21, withheldRemovals: 0 });
});

it('lets up to 20 removals through, however few files are left', async () => {
  const scene = new Scene();
  for (let i = 0; i < 20; i += 1) put(scene.dir, `${i}.md`, article(`${i}`));
  await scene.scan();
  for (let i = 0; i < 20; i += 1) rmSync(path.join(scene.dir, `${i}.md`));
  expect(await scene.scan()).toMatchObject({ gone: 20, withheldRemovals: 0 });
});

it('takes a folder renamed with all its files for renames, not for removals', async () => {
  const scene = new Scene();
  for (let i = 0; i < 60; i += 1) put(scene.dir, `old/${i}.md`, article(i < 30 ? 'alike' : `${i}`));
  await scene.scan();
  renameSync(path.join(scene.dir, 'old'), path.join(scene.dir, 'new'));
  const from = scene.state.sent.length;
  expect(await scene.scan()).toMatchObject({ moved: 60, gone: 0, withheldRemovals: 0 });
  expect(scene.state.words(from)).toContain('old/7.md>new/7.md');
});

it('tells of no removal when the root is missing', async () => {
  const scene = new Scene();
  put(scene.dir, 'a.md', article('x'));
  await scene.scan();
  const root = await openRoot({ name: 'in', dir: scene.dir });
  renameSync(scene.dir, `${scene.dir}-away`);
  onTestFinished(() => rmSync(`${scene.dir}-away`, { recursive: true, force: true }));
  const report = await scanRoot(root, {}, scene.ports(), new AbortController().signal);
  expect(report).toMatchObject({ seen: 0, gone: 0, withheldRemovals: 1, reason: 'root-missing' });
});

it('leaves a file alone whose ending is no longer wanted', async () => {
  const scene = new Scene();
  put(scene.dir, 'a.html', article('x'));
  await scene.scan({ extensions: ['.md', '.html'] });
  expect(await scene.news({ extensions: ['.md'] })).toEqual([]);
});

it('rejects a file over the cap without reading it, and knows it again', async () => {
  const scene = new Scene();
  put(scene.dir, 'big.md', '');
  truncateSync(path.join(scene.dir, 'big.md'), 5 << 20);
  await scene.scan();
  const sighting = scene.state.last('big.md');
  expect(sighting?.text).toBeUndefined();
  expect(sighting?.problem).toMatchObject({ code: 'too-large' });
  renameSync(path.join(scene.dir, 'big.md'), path.join(scene.dir, 'renamed.md'));
  expect(await scene.news()).toEqual(['big.md>renamed.md']);
});

it('sends what is not text as a problem, with the hash of its bytes', async () => {
  const scene = new Scene();
  const utf16 = Buffer.from(`\ufeff${article('x')}`, 'utf16le');
  put(scene.dir, 'utf16.md', utf16);
  put(scene.dir, 'empty.md', '');
  put(scene.dir, 'latin.md', Buffer.from([0x2d, 0x2d, 0x2d, 0x0a, 0xe9]));
  await scene.scan();
  expect(scene.state.last('utf16.md')).toMatchObject({
    fingerprint: hash('sha256', utf16),
    problem: { field: '', message: expect.any(String) as string },
  });
  expect(scene.state.last('latin.md')?.problem).toBeDefined();
  expect(scene.state.last('empty.md')).toMatchObject({ text: '' });
});

it('warns of names that are not valid UTF-8 and goes on', async () => {
  const scene = new Scene();
  writeFileSync(
    Buffer.concat([Buffer.from(`${scene.dir}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.md')]),
    'x',
  );
  put(scene.dir, 'rightful \ufffd.md', article('x'));
  expect(await scene.news()).toEqual(['+rightful \ufffd.md']);
  expect(scene.log.lines.map((line) => line.message)).toEqual([expect.stringContaining('not valid UTF-8')]);
});

it('goes on beside what may not be read: a file is rejected for it, a folder is left alone', async () => {
  const scene = new Scene();
  chmodSync(scene.dir, 0o755);
  put(scene.dir, 'closed/a.md', article('a'));
  put(scene.dir, 'b.md', article('b'));
  put(scene.dir, 'c.md', article('c'));
  await scene.scan();
  chmodSync(path.join(scene.dir, 'closed'), 0o000);
  chmodSync(path.join(scene.dir, 'b.md'), 0o000);
  onTestFinished(() => chmodSync(path.join(scene.dir, 'closed'), 0o700));
  const news = await asNobody(() => scene.news());
  expect(news).toEqual(['+b.md']);
  expect(scene.state.last('b.md')?.problem).toMatchObject({ code: 'unreadable', found: 'EACCES' });
  chmodSync(path.join(scene.dir, 'b.md'), 0o644);
  expect(await asNobody(() => scene.news())).toEqual(['+b.md']);
  expect(scene.state.last('b.md')).toMatchObject({ text: article('b') });
});

it('takes 3,000 files with at most as many at a time as it is told', async () => {
  const scene = new Scene();
  for (let i = 0; i < 3000; i += 1) put(scene.dir, `${i % 10}/${i}.md`, article(`${i}`));
  let now = 0;
  let most = 0;
  const { state } = scene;
  const present = state.present.bind(state);
  state.present = async (sighting) => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setImmediate(resolve));
    await present(sighting);
    now -= 1;
  };
  expect(await scene.scan({ concurrency: 8 })).toMatchObject({ seen: 3000, read: 3000 });
  expect(most).toBeLessThanOrEqual(8);
  expect(await scene.scan()).toMatchObject({ unchanged: 3000, read: 0 });
});

it('ignores a file that is removed between the walk and the reading', async () => {
  const scene = new Scene();
  for (let i = 0; i < 10; i += 1) put(scene.dir, `${i}.md`, article(`${i}`));
  const { state } = scene;
  const present = state.present.bind(state);
  state.present = async (sighting) => {
    if (state.sent.length === 0)
      for (let i = 0; i < 10; i += 1) rmSync(path.join(scene.dir, `${i}.md`), { force: true });
    await present(sighting);
  };
  const report = await scene.scan({ concurrency: 1 });
  expect(report).toMatchObject({ seen: 10, read: 1, gone: 0 });
});

it('stops when it is aborted', async () => {
  const scene = new Scene();
  for (let i = 0; i < 50; i += 1) put(scene.dir, `${i}.md`, article(`${i}`));
  const stop = new AbortController();
  const options = { concurrency: 1, onFile: () => stop.abort(new Error('enough')) };
  await expect(scene.scan(options, stop.signal)).rejects.toThrow('enough');
  expect(scene.state.sent.length).toBeLessThan(5);
});

it('passes on what the intake throws', async () => {
  const scene = new Scene();
  for (let i = 0; i < 5; i += 1) put(scene.dir, `${i}.md`, article(`${i}`));
  scene.state.refusals = 1;
  await expect(scene.scan({ concurrency: 1 })).rejects.toThrow('the intake is not there');
  expect(await scene.scan()).toMatchObject({ seen: 5 });
  expect(new Set(scene.state.words()).size).toBe(5);
});

it('has the folder of a file given alone as root, and infers nothing about its neighbours', async () => {
  const scene = new Scene();
  put(scene.dir, 'a.md', article('a'));
  put(scene.dir, 'b.md', article('b'));
  await scene.scan();
  rmSync(path.join(scene.dir, 'b.md'));
  put(scene.dir, 'a.md', article('changed'));
  const root = await openRoot({ name: 'in', dir: path.join(scene.dir, 'a.md') });
  expect(root).toEqual({ name: 'in', dir: scene.dir, only: 'a.md' });
  const from = scene.state.sent.length;
  const report = await scanRoot(root, {}, scene.ports(), new AbortController().signal);
  expect(report).toMatchObject({ seen: 1, read: 1, gone: 0 });
  expect(scene.state.words(from)).toEqual(['+a.md']);
});

it('opens a root through a symbolic link under its real path, and says what is not there', async () => {
  const dir = ownFolder();
  put(dir, 'real/a.md', article('a'));
  symlinkSync(path.join(dir, 'real'), path.join(dir, 'link'));
  const real = path.join(dir, 'real');
  expect(await openRoot({ dir: path.join(dir, 'link') })).toEqual({ name: real, dir: real });
  await expect(openRoot({ dir: path.join(dir, 'nothing') })).rejects.toThrow(UsageError);
  await expect(openRoot({ name: 'a/b', dir })).rejects.toThrow(/must not be empty or contain/);
});
