import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { watchLimitError } from '../../src/watcher/errors.js';
import { HeldRemovals } from '../../src/watcher/held-removals.js';
import type { Log } from '../../src/watcher/ports.js';
import { keyOf, keyPrefix, relativeOf } from '../../src/watcher/root.js';
import { SeenFiles } from '../../src/watcher/seen-files.js';
import { withheldReason } from '../../src/watcher/withholding.js';

describe('a system that allows no more watches', () => {
  it('is told with the limit to raise', () => {
    expect(watchLimitError('ENOSPC', '/in', null)?.message).toContain('fs.inotify.max_user_watches');
    expect(watchLimitError('EMFILE', '/in', null)?.message).toContain('ulimit -n');
    expect(watchLimitError('EACCES', '/in', null)).toBeNull();
  });
});

describe('withholding removals', () => {
  const normal = { rootPresent: true, known: 40, acceptRemovals: false };
  it('begins above 20 and above half of the known files', () => {
    expect(withheldReason({ ...normal, gone: 20, known: 20 })).toBeNull();
    expect(withheldReason({ ...normal, gone: 21, known: 42 })).toBeNull();
    expect(withheldReason({ ...normal, gone: 21, known: 41 })).toBe('half-gone');
  });
  it('is always done when the root is missing, and never when it is asked not to', () => {
    expect(withheldReason({ ...normal, gone: 1, rootPresent: false })).toBe('root-missing');
    expect(withheldReason({ ...normal, gone: 40, rootPresent: false, acceptRemovals: true })).toBeNull();
  });
});

describe('removals that are held', () => {
  const removal = (path: string, fingerprint = 'f'): { key: string; path: string; fingerprint: string } => ({
    key: `in/${path}`,
    path,
    fingerprint,
  });
  it('give the one of the same file name first, and each once', () => {
    const held = new HeldRemovals();
    const holder = Symbol('test');
    for (const path of ['old/a.md', 'old/b.md']) held.hold(removal(path), holder);
    expect(held.claim('f', 'new/b.md')?.path).toBe('old/b.md');
    expect(held.claim('f', 'new/x.md')?.path).toBe('old/a.md');
    expect(held.claim('f', 'new/y.md')).toBeNull();
  });
  it('stay with their first holder and are gone when released', () => {
    const held = new HeldRemovals();
    const [first, second] = [Symbol('first'), Symbol('second')];
    expect(held.hold(removal('a.md'), first)).toBe(true);
    expect(held.hold(removal('a.md'), second)).toBe(false);
    expect(held.heldBy(second)).toEqual([]);
    held.release('in/a.md');
    expect(held.heldBy(first)).toEqual([]);
    expect(held.claim('f', 'b.md')).toBeNull();
  });
});

describe('keys and paths of a root', () => {
  const root = { name: 'in', dir: '/inbox' };
  it('join the name and the path under it', () => {
    expect(keyOf(root, 'a/b.md')).toBe('in/a/b.md');
    expect(keyPrefix(root, 'a')).toBe('in/a/');
    expect(keyOf({ name: '/', dir: '/' }, 'a.md')).toBe('/a.md');
  });
  it('know what is outside', () => {
    expect(relativeOf(root, '/inbox/..a.md')).toBe('..a.md');
    expect(relativeOf(root, '/inbox')).toBe('');
    expect(relativeOf(root, '/inboxes/a.md')).toBeNull();
  });
});

describe('files seen by a walk', () => {
  it('keep figures beyond 2^53, unsigned inodes and devices exactly, however many they are', () => {
    const seen = new SeenFiles();
    const look = (i: number): Parameters<SeenFiles['add']>[1] => ({
      bytes: i,
      mtimeNs: -BigInt(i),
      ctimeNs: 1_800_000_000_123_456_789n + BigInt(i),
      inode: 2n ** 64n - 1n - BigInt(i),
      device: BigInt(i % 3),
    });
    for (let i = 0; i < 5000; i += 1) seen.add(`${i}.md`, look(i));
    expect(seen.size).toBe(5000);
    for (const i of [0, 1023, 1024, 4999]) {
      expect(seen.indexOf(`${i}.md`)).toBe(i);
      expect(seen.lookAt(i)).toEqual(look(i));
    }
    expect(seen.indexOf('none.md')).toBeUndefined();
  });
});

it('takes a pino logger for its log', () => {
  const log: Log = pino({ level: 'silent' });
  log.warn({}, 'nothing');
});
