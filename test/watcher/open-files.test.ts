import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, renameSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lookAt, type FileLook } from '../../src/watcher/file-look.js';
import { cannotTell, procOpenFiles } from '../../src/watcher/open-files.js';
import { ownFolder, put, until } from './folder.js';

async function fileAt(file: string): Promise<FileLook> {
  const look = await lookAt(file);
  if (look.kind !== 'file') throw new Error(`${file} is no file`);
  return look.look;
}

/** A process that has a file open until the test ends it. */
async function holder(
  file: string,
  flags: string,
): Promise<{ child: ChildProcess; end: () => Promise<void> }> {
  const program = `const fd = require('fs').openSync(process.argv[1], process.argv[2]); console.log(fd); process.stdin.resume();`;
  const child = spawn(process.execPath, ['-e', program, file, flags]);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = (): Promise<void> => {
    child.stdin.end();
    return ended;
  };
  onTestFinished(end);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { child, end };
}

describe.runIf(process.platform === 'linux')('who has a file open for writing', () => {
  it('sees the writer of another process, by whatever name, until it ends', async () => {
    const file = put(ownFolder(), 'a.md', 'x');
    const { end } = await holder(file, 'a');
    const open = procOpenFiles();
    const renamed = path.join(path.dirname(file), 'b.md');
    renameSync(file, renamed);
    const look = await fileAt(renamed);
    expect(await open.ask(look)).toBe('open');
    await end();
    expect(await open.ask(look)).not.toBe('open');
  });

  it('does not mind readers', async () => {
    const file = put(ownFolder(), 'a.md', 'x');
    await holder(file, 'r');
    expect(await procOpenFiles().ask(await fileAt(file))).not.toBe('open');
  });

  it('answers each of many who ask at once for its own file', async () => {
    const dir = ownFolder();
    const files = Array.from({ length: 50 }, (_, i) => put(dir, `${i}.md`, 'x'));
    const held = openSync(files[7] ?? '', 'a');
    onTestFinished(() => closeSync(held));
    const open = procOpenFiles();
    const answers = await Promise.all(files.map(async (file) => open.ask(await fileAt(file))));
    expect(answers.flatMap((answer, i) => (answer === 'open' ? [i] : []))).toEqual([7]);
  });

  it('cannot tell where processes are hidden', async () => {
    const look = await fileAt(put(ownFolder(), 'a.md', 'x'));
    expect(await procOpenFiles(ownFolder()).ask(look)).toBe('unknown');
    expect(await procOpenFiles('/nowhere').ask(look)).toBe('unknown');
    expect(await cannotTell.ask(look)).toBe('unknown');
  });

  it('asks again for who comes while a pass is running', async () => {
    const dir = ownFolder();
    const look = await fileAt(put(dir, 'a.md', 'x'));
    const open = procOpenFiles();
    let answers = 0;
    for (let i = 0; i < 20; i += 1) void open.ask(look).then(() => (answers += 1));
    await until(() => answers === 20);
    expect(await open.ask(look)).not.toBe('open');
  });
});
