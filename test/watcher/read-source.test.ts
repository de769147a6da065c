import { execFileSync } from 'node:child_process';
import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { adaptiveAccess, pooledAccess } from '../../src/watcher/file-access.js';
import { lookAt, type FileLook } from '../../src/watcher/file-look.js';
import { MAX_BYTES } from '../../src/watcher/options.js';
import { readSource } from '../../src/watcher/read-source.js';
import { ownFolder, put } from './folder.js';

async function fileAt(file: string): Promise<FileLook> {
  const look = await lookAt(file);
  if (look.kind !== 'file') throw new Error(`${file} is no file`);
  return look.look;
}

describe.each([
  ['in place', adaptiveAccess()],
  ['through the thread pool', pooledAccess],
])('reading a file once, %s', (_how, access) => {
  it('gives its text, the hash of its bytes and its stat', async () => {
    const file = put(ownFolder(), 'a.md', '\ufeffé\r\n');
    const reading = await readSource(access, file, await fileAt(file), MAX_BYTES);
    expect(reading).toMatchObject({
      kind: 'read',
      fingerprint: hash('sha256', '\ufeffé\r\n'),
      stat: { settled: true },
    });
    expect(reading).toHaveProperty('text');
  });

  it('says that a fresh file may still hide a later write', async () => {
    const file = path.join(ownFolder(), 'a.md');
    writeFileSync(file, 'x');
    expect(await readSource(access, file, await fileAt(file), MAX_BYTES)).toMatchObject({
      stat: { settled: false },
    });
  });

  it('reads a file of exactly the cap, and none of one byte more', async () => {
    const file = put(ownFolder(), 'a.md', 'xxxx');
    expect(await readSource(access, file, await fileAt(file), 4)).toMatchObject({ text: 'xxxx' });
    expect(await readSource(access, file, await fileAt(file), 3)).toMatchObject({
      problem: { code: 'too-large' },
    });
  });

  it('does not take a reading of a file that was changed or replaced since the look', async () => {
    const dir = ownFolder();
    const file = put(dir, 'a.md', 'old text');
    const before = await fileAt(file);
    appendFileSync(file, ' and more');
    expect(await readSource(access, file, before, MAX_BYTES)).toEqual({ kind: 'changed' });
    const again = await fileAt(file);
    put(dir, 'b.md', 'another text of it');
    renameSync(path.join(dir, 'b.md'), file);
    expect(await readSource(access, file, again, MAX_BYTES)).toEqual({ kind: 'changed' });
  });

  it('says gone of what was removed, or became a symbolic link or pipe, and does not hang on it', async () => {
    const dir = ownFolder();
    const file = put(dir, 'a.md', 'x');
    const look = await fileAt(file);
    put(dir, 'secret', 'y');
    rmSync(file);
    expect(await readSource(access, file, look, MAX_BYTES)).toEqual({ kind: 'gone' });
    symlinkSync(path.join(dir, 'secret'), file);
    expect(await readSource(access, file, look, MAX_BYTES)).toEqual({ kind: 'gone' });
    rmSync(file);
    execFileSync('mkfifo', [file]);
    expect(await readSource(access, file, look, MAX_BYTES)).toEqual({ kind: 'gone' });
  });
});

it('goes through the thread pool for a while after a call that was slow', async () => {
  const file = put(ownFolder(), 'a.md', 'x');
  let time = 0;
  let calls = 0;
  const access = adaptiveAccess(() => {
    calls += 1;
    return (time += 10);
  });
  await access.look(file);
  const before = calls;
  for (let i = 0; i < 500; i += 1) expect(await access.look(file)).toMatchObject({ kind: 'file' });
  expect(calls).toBe(before);
  await access.look(file);
  expect(calls).toBeGreaterThan(before);
});
