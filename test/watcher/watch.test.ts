import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openRoot } from '../../src/watcher/root.js';
import type { WatchOptions } from '../../src/watcher/options.js';
import { watchRoot, type Watcher } from '../../src/watcher/watch.js';
import { article, isArticle, MemoryLog, MemoryState } from './memory-state.js';
import { ownFolder, put, until } from './folder.js';

class Inbox {
  readonly base = ownFolder();
  readonly dir = path.join(this.base, 'inbox');
  readonly state = new MemoryState();
  readonly log = new MemoryLog();

  constructor() {
    mkdirSync(this.dir);
  }

  async watch(options: WatchOptions = {}): Promise<Watcher> {
    const root = await openRoot({ name: 'in', dir: this.dir });
    const ports = { book: this.state, intake: this.state, isValid: isArticle, log: this.log };
    const watcher = await watchRoot(root, options, ports);
    onTestFinished(() => watcher.close());
    await watcher.firstScan;
    return watcher;
  }

  at(name: string): string {
    return path.join(this.dir, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.at(name), text);
  }

  /** Writes beside the inbox and renames into it. */
  drop(name: string, text: string): void {
    const beside = path.join(this.base, 'beside.tmp');
    writeFileSync(beside, text);
    renameSync(beside, this.at(name));
  }

  async told(...words: string[]): Promise<void> {
    await until(
      () => words.every((word) => this.state.words().includes(word)),
      `[${words.join(' ')}] of [${this.state.words().join(' ')}]`,
    );
  }

  /** Everything that was sent, once a file dropped now has come through: nothing else was on its way. */
  async allTold(): Promise<string[]> {
    const name = `fence-${this.state.sent.length}.md`;
    this.drop(name, article(name));
    await this.told(`+${name}`);
    return this.state.words().filter((word) => !word.includes('fence-'));
  }
}

it('takes a plain write and a rename into place soon, each once', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  inbox.write('written.md', article('a'));
  inbox.drop('dropped.md', article('b'));
  await inbox.told('+written.md', '+dropped.md');
  expect((await inbox.allTold()).toSorted()).toEqual(['+dropped.md', '+written.md']);
});

it('takes what is there at the start, and what comes while it starts', async () => {
  const inbox = new Inbox();
  for (let i = 0; i < 3000; i += 1) put(inbox.dir, `${i % 7}/${i}.md`, article(`${i}`));
  const watching = inbox.watch();
  const late: string[] = [];
  for (let i = 0; i < 200; i += 1) {
    mkdirSync(inbox.at(`late/${i % 5}/deep`), { recursive: true });
    inbox.drop(`late/${i % 5}/deep/${i}.md`, article(`late ${i}`));
    late.push(`+late/${i % 5}/deep/${i}.md`);
    if (i % 20 === 0) await delay(1);
  }
  await watching;
  await inbox.told(...late);
  await until(() => inbox.state.sent.length >= 3200);
  expect(new Set(inbox.state.words()).size).toBe(3200);
  expect(inbox.state.sent).toHaveLength(3200);
});

it('does not read a file while somebody has it open for writing and pauses', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  const file = openSync(inbox.at('slow.md'), 'w');
  writeSync(file, article('half').slice(0, 8));
  await delay(200);
  writeSync(file, `whole\n---\nand more`);
  await delay(200);
  expect(inbox.state.sent).toEqual([]);
  writeSync(file, ' and the end\n');
  closeSync(file);
  await inbox.told('+slow.md');
  expect(inbox.state.last('slow.md')?.text).toMatch(/and the end\n$/);
  expect(await inbox.allTold()).toEqual(['+slow.md']);
});

it('waits for a writer that closes and opens again before the article is whole', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  inbox.write('chunks.md', '---\ntitle: x\n');
  await delay(300);
  appendFileSync(inbox.at('chunks.md'), '---\nbody\n');
  await inbox.told('+chunks.md');
  expect(inbox.state.last('chunks.md')?.text).toBe('---\ntitle: x\n---\nbody\n');
});

it('rejects what never becomes an article after 2 s, holding up nothing else', async () => {
  const inbox = new Inbox();
  await inbox.watch({ concurrency: 2 });
  const start = performance.now();
  for (let i = 0; i < 20; i += 1) inbox.write(`bad-${i}.md`, 'no front matter');
  inbox.write('good.md', article('x'));
  await inbox.told('+good.md');
  expect(inbox.state.words()).toEqual(['+good.md']);
  await inbox.told('+bad-0.md', '+bad-19.md');
  expect(performance.now() - start).toBeGreaterThan(1900);
});

it('tells a rename as a rename, also of a file that is not committed yet and into a new folder', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  inbox.state.holdCommits();
  inbox.drop('a.md', article('a'));
  await inbox.told('+a.md');
  renameSync(inbox.at('a.md'), inbox.at('b.md'));
  await inbox.told('a.md>b.md');
  inbox.state.letCommits();
  mkdirSync(inbox.at('sub'));
  renameSync(inbox.at('b.md'), inbox.at('sub/c.md'));
  await inbox.told('b.md>sub/c.md');
  expect(await inbox.allTold()).toEqual(['+a.md', 'a.md>b.md', 'b.md>sub/c.md']);
});

it('tells a folder that is renamed as renames of its files, and goes on watching it', async () => {
  const inbox = new Inbox();
  for (let i = 0; i < 50; i += 1) put(inbox.dir, `old/sub/${i}.md`, article(`${i}`));
  await inbox.watch();
  renameSync(inbox.at('old'), inbox.at('new'));
  await until(
    () => inbox.state.words().includes('old/sub/0.md>new/sub/0.md') && inbox.state.sent.length === 100,
  );
  inbox.drop('new/sub/later.md', article('later'));
  await inbox.told('+new/sub/later.md');
  expect(inbox.state.words().filter((word) => word.startsWith('-'))).toEqual([]);
});

it('watches a folder that was removed and made again at once', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'sub/a.md', article('a'));
  await inbox.watch();
  rmSync(inbox.at('sub'), { recursive: true });
  mkdirSync(inbox.at('sub'));
  inbox.drop('sub/b.md', article('b'));
  await inbox.told('-sub/a.md', '+sub/b.md');
  inbox.drop('sub/c.md', article('c'));
  await inbox.told('+sub/c.md');
});

it('commits the addition first when a file is renamed and edited, and holds up no other file', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'old.md', article('x'));
  await inbox.watch();
  inbox.state.holdCommits();
  renameSync(inbox.at('old.md'), path.join(inbox.base, 'elsewhere'));
  inbox.drop('new.md', article('y'));
  await inbox.told('+new.md');
  await delay(250);
  inbox.drop('other.md', article('z'));
  await inbox.told('+other.md');
  expect(inbox.state.words()).not.toContain('-old.md');
  inbox.state.letCommits();
  await inbox.told('-old.md');
  const { committed } = inbox.state;
  expect(committed.indexOf('present new.md')).toBeLessThan(committed.indexOf('gone old.md'));
});

it('tells a removal, and an addition again when the file comes back', async () => {
  const inbox = new Inbox();
  inbox.drop('a.md', article('a'));
  await inbox.watch();
  rmSync(inbox.at('a.md'));
  await inbox.told('-a.md');
  inbox.drop('a.md', article('a'));
  await until(() => inbox.state.sent.length === 3);
  expect(inbox.state.words()).toEqual(['+a.md', '-a.md', '+a.md']);
});

it('tells nothing of a file that an editor takes away and puts back', async () => {
  const inbox = new Inbox();
  inbox.drop('a.md', article('a'));
  await inbox.watch();
  renameSync(inbox.at('a.md'), inbox.at('a.md~'));
  await delay(20);
  renameSync(inbox.at('a.md~'), inbox.at('a.md'));
  await delay(300);
  expect((await inbox.allTold()).filter((word) => word !== '=a.md')).toEqual(['+a.md']);
});

it('ends at the last content when a file is saved A, B, A in quick succession', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  inbox.state.holdCommits();
  const texts: (string | undefined)[] = [];
  for (const title of ['A', 'B', 'A']) {
    const before = inbox.state.sent.length;
    inbox.drop('a.md', article(title));
    await until(() => inbox.state.sent.length > before);
    texts.push(inbox.state.last('a.md')?.text);
  }
  for (let i = 0; i < 25; i += 1) inbox.write('a.md', article(i % 2 ? 'B' : 'A'));
  await inbox.allTold();
  await until(() => inbox.state.last('a.md')?.text === article('A'));
  expect(texts).toEqual([article('A'), article('B'), article('A')]);
  expect(inbox.state.last('a.md')?.sameAsCommitted).toBeUndefined();
  inbox.state.letCommits();
});

it('withholds removals when half of the files go at once, and tells a few', async () => {
  const inbox = new Inbox();
  for (let i = 0; i < 40; i += 1) put(inbox.dir, `sub/${i}.md`, article(`${i}`));
  const watcher = await inbox.watch();
  for (let i = 0; i < 10; i += 1) rmSync(inbox.at(`sub/${i}.md`));
  await until(() => inbox.state.words().filter((word) => word.startsWith('-')).length === 10);
  renameSync(inbox.at('sub'), path.join(inbox.base, 'away'));
  await until(() => watcher.status().withheld !== null);
  expect(watcher.status().withheld).toEqual({ count: 30, reason: 'half-gone' });
  renameSync(path.join(inbox.base, 'away'), inbox.at('sub'));
  await watcher.rescan();
  expect(watcher.status().withheld).toBeNull();
  expect(inbox.state.words().filter((word) => word.startsWith('-'))).toHaveLength(10);
});

it('counts files dropped since the start among the known ones', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  for (let i = 0; i < 100; i += 1) inbox.drop(`${i}.md`, article(`${i}`));
  await until(() => inbox.state.sent.length === 100);
  for (let i = 0; i < 30; i += 1) rmSync(inbox.at(`${i}.md`));
  await until(() => inbox.state.sent.length === 130);
});

it('says that the root is gone, tells of no removal, and goes on when it returns', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'a.md', article('a'));
  const watcher = await inbox.watch({ presenceIntervalMs: 20 });
  const away = path.join(inbox.base, 'away');
  renameSync(inbox.dir, away);
  await until(() => watcher.status().root === 'missing' && watcher.status().withheld !== null);
  expect(watcher.status().withheld).toEqual({ count: 1, reason: 'root-missing' });
  renameSync(away, inbox.dir);
  await until(() => watcher.status().root === 'present');
  inbox.drop('b.md', article('b'));
  await inbox.told('+b.md');
  await until(() => watcher.status().withheld === null);
  expect(await inbox.allTold()).toEqual(['+a.md', '+b.md']);
});

it('does not take a root that is deleted with its files for a wish', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'a.md', article('a'));
  const watcher = await inbox.watch();
  rmSync(inbox.dir, { recursive: true });
  await until(() => watcher.status().root === 'missing');
  await delay(300);
  expect(inbox.state.words()).toEqual(['+a.md']);
});

it('follows no symbolic link and takes a folder named like an article for a folder', async () => {
  const inbox = new Inbox();
  put(inbox.base, 'outside/secret.md', article('secret'));
  await inbox.watch();
  symlinkSync(path.join(inbox.base, 'outside/secret.md'), inbox.at('link.md'));
  symlinkSync(path.join(inbox.base, 'outside'), inbox.at('linked'));
  mkdirSync(inbox.at('folder.md'));
  inbox.drop('folder.md/inner.md', article('inner'));
  await inbox.told('+folder.md/inner.md');
  put(inbox.base, 'outside/more.md', article('more'));
  expect(await inbox.allTold()).toEqual(['+folder.md/inner.md']);
});

it('finds files in folders made in one breath', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  mkdirSync(inbox.at('a/b/c/d'), { recursive: true });
  inbox.drop('a/b/c/d/x.md', article('x'));
  inbox.drop('a/y.md', article('y'));
  await inbox.told('+a/b/c/d/x.md', '+a/y.md');
});

it('takes names with a line feed or a backslash and skips those that are not UTF-8, with a warning', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  const mangled = Buffer.concat([Buffer.from(`${inbox.dir}/`), Buffer.from([0xff]), Buffer.from('.md')]);
  writeFileSync(mangled, article('mangled'));
  mkdirSync(inbox.at('back\\slash'));
  inbox.drop('back\\slash/line\nfeed 漢.md', article('x'));
  await inbox.told('+back\\slash/line\nfeed 漢.md');
  await until(() => inbox.log.lines.some((line) => line.message.includes('not valid UTF-8')));
});

it('tries a file again that the intake would not take', async () => {
  const inbox = new Inbox();
  await inbox.watch();
  inbox.state.refusals = 1;
  inbox.drop('a.md', article('a'));
  await inbox.told('+a.md');
  expect(inbox.log.lines.map((line) => line.message)).toEqual([expect.stringContaining('tried again')]);
});

it('notes a file that was only touched, once what it sent is committed', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'a.md', article('a'));
  await inbox.watch();
  await delay(1200);
  put(inbox.dir, 'a.md', article('a'));
  await inbox.told('=a.md');
});

it('finds all changes by looking again when it polls', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'stays.md', article('stays'));
  put(inbox.dir, 'goes.md', article('goes'));
  put(inbox.dir, 'moves.md', article('moves'));
  await inbox.watch({ poll: true, pollIntervalMs: 20 });
  await delay(60);
  inbox.write('new.md', article('new'));
  rmSync(inbox.at('goes.md'));
  mkdirSync(inbox.at('sub'));
  renameSync(inbox.at('moves.md'), inbox.at('sub/moved.md'));
  await inbox.told('+new.md', '-goes.md', 'moves.md>sub/moved.md');
});

it('scans again when it is asked to, and serves all who ask meanwhile with one scan', async () => {
  const inbox = new Inbox();
  put(inbox.dir, 'a.md', article('a'));
  const watcher = await inbox.watch();
  inbox.state.rows.clear();
  const reports = await Promise.all([watcher.rescan(), watcher.rescan(), watcher.rescan()]);
  expect(reports[1]).toBe(reports[2]);
  expect(reports[0]).toMatchObject({ seen: 1 });
});

it('takes nothing after it was closed, and keeps no timer or watch', async () => {
  const inbox = new Inbox();
  inbox.drop('a.md', article('a'));
  const watcher = await inbox.watch();
  await watcher.close();
  inbox.drop('b.md', article('b'));
  await delay(100);
  expect(inbox.state.words()).toEqual(['+a.md']);
  await until(
    () => process.getActiveResourcesInfo().every((name) => !name.startsWith('FSEvent')),
    'closed watches',
  );
});
