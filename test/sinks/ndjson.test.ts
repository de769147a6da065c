import { existsSync } from 'node:fs';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Sink } from '../../src/sinks/contract.js';
import { ndjson } from '../../src/sinks/ndjson.js';
import { batchOf, deliverBehindPlace, events, sinkContract } from '../contracts/sink.js';

const CONTEXT = { name: 'ndjson', namespace: 'galley', inboxes: [] };

sinkContract({
  name: 'ndjson',
  inEffect: 'once',
  remembersPlace: true,
  async rig() {
    const folder = await ownFolder();
    const file = path.join(folder, 'out', 'records.ndjson');
    const inbox = path.join(folder, 'inbox');
    await writeFile(path.join(folder, 'a-file'), '');
    return {
      make: () => sinkOn(file),
      lines: () => linesOf(file),
      async dieBeforePlace(lines) {
        await appendFile(file, lines.map((line) => `${line}\n`).join(''));
      },
      async dieInLine(line) {
        await mkdir(path.dirname(file), { recursive: true });
        await appendFile(file, line.slice(0, line.length / 2));
      },
      deleteByHand: () => rm(file),
      makeUnwritable: () => sinkOn(path.join(folder, 'a-file', 'below', 'records.ndjson')),
      makeInsideInbox: () =>
        ndjson.prepare(`ndjson:${inbox}/out/records.ndjson`)({ ...CONTEXT, inboxes: [inbox] }),
      traces: () => readdir(folder, { recursive: true }),
    };
  },
});

test('a file that is deleted, replaced or cut while its job runs gets what comes then', async () => {
  const ways: ((file: string) => Promise<void>)[] = [
    (file) => rm(file),
    (file) => truncate(file, 0),
    async (file) => {
      await writeFile(`${file}.new`, '');
      await rename(`${file}.new`, file);
    },
  ];
  for (const way of ways) {
    const file = path.join(await ownFolder(), 'records.ndjson');
    const sink = sinkOn(file);
    await sink.open();
    await sink.deliver(batchOf(events(1, 3), 1));
    await way(file);
    expect(await sink.deliver(batchOf(events(4, 5), 4))).toMatchObject({ kind: 'lost', taken: 0 });
    await deliverBehindPlace(sink, events(1, 6));
    expect(await linesOf(file)).toEqual(events(4, 6));
  }
});

test.skipIf(!existsSync('/dev/full'))('a full disk makes events wait, and blames none of them', async () => {
  const folder = await ownFolder();
  const file = path.join(folder, 'records.ndjson');
  await symlink('/dev/full', file);
  const sink = sinkOn(file);
  await sink.open();
  const outcome = await sink.deliver(batchOf(events(1, 3), 1));
  expect(outcome).toMatchObject({ kind: 'retry', taken: 0 });
  expect(outcome).toHaveProperty('reason', expect.stringMatching(/records\.ndjson.*ENOSPC/));

  await rm(file);
  await deliverBehindPlace(sink, events(1, 3));
  expect(await linesOf(file)).toEqual(events(1, 3));
});

test('a file without a place keeps its whole lines, however long the cut one behind them', async () => {
  const file = path.join(await ownFolder(), 'records.ndjson');
  await writeFile(file, `{"old":1}\n${'x'.repeat(200_000)}`);
  await deliverBehindPlace(sinkOn(file), events(1, 2));
  expect(await linesOf(file)).toEqual(['{"old":1}', ...events(1, 2)]);
});

test('a file that was cut in the middle of a line by hand goes on with whole lines', async () => {
  const file = path.join(await ownFolder(), 'records.ndjson');
  await deliverBehindPlace(sinkOn(file), events(1, 3));
  await truncate(file, Buffer.byteLength(events(1, 2).join('\n')) - 5);
  await deliverBehindPlace(sinkOn(file), events(1, 5));
  expect(await linesOf(file)).toEqual([...events(1, 1), ...events(4, 5)]);
});

test('a place that cannot be read counts as none', async () => {
  const file = path.join(await ownFolder(), 'records.ndjson');
  for (const text of ['', 'log-1.0.5', 'log-1.0.5 x', 'log-1.0 7', '\0'.repeat(160)]) {
    await writeFile(`${file}.place`, text);
    const sink = sinkOn(file);
    expect(await sink.open()).toBeNull();
    await sink.close();
  }
});

test('a link into a watched folder is refused, also while nothing is there yet', async () => {
  const folder = await ownFolder();
  const inbox = path.join(folder, 'inbox');
  await mkdir(inbox);
  await symlink(inbox, path.join(folder, 'folder-link'));
  await symlink(path.join(inbox, 'records.ndjson'), path.join(folder, 'file-link.ndjson'));
  for (const target of ['folder-link/new/records.ndjson', 'file-link.ndjson', 'inbox']) {
    const make = () => ndjson.prepare(`ndjson:${folder}/${target}`)({ ...CONTEXT, inboxes: [inbox] });
    expect(make).toThrow(/inside the inbox/);
  }
  for (const target of ['inbox-2/records.ndjson', '..records.ndjson']) {
    ndjson.prepare(`ndjson:${folder}/${target}`)({ ...CONTEXT, inboxes: [inbox] });
  }
});

test.skipIf(process.getuid?.() === 0)(
  'a folder without permission is named, with what is missing',
  async () => {
    const folder = await ownFolder();
    await chmod(folder, 0o500);
    await expect(sinkOn(path.join(folder, 'records.ndjson')).check()).rejects.toThrow(/EACCES/);
  },
);

test('a sink without a file is wrong usage', () => {
  expect(() => ndjson.prepare('ndjson:')).toThrow(/names no file/);
});

function sinkOn(file: string): Sink {
  return ndjson.prepare(`ndjson:${file}`)(CONTEXT);
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .replace(/\n$/, '')
    .split('\n')
    .filter((line, _, all) => all.length > 1 || line !== '');
}

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'galley-ndjson-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a kill between the first lines and their place leaves each event once', async () => {
  const file = path.join(await ownFolder(), 'records.ndjson');
  await dieAfterLines(sinkOn(file), events(1, 5));

  await deliverBehindPlace(sinkOn(file), events(1, 8));

  expect(await linesOf(file)).toEqual(events(1, 8));
});

test('a kill between lines and their place, after the file was deleted by hand, leaves whole lines, each once', async () => {
  const file = path.join(await ownFolder(), 'records.ndjson');
  await deliverBehindPlace(sinkOn(file), events(1, 3));
  await rm(file);
  const all = events(1, 9);
  await dieAfterLines(sinkOn(file), all.slice(3), 4);

  await deliverBehindPlace(sinkOn(file), all);

  expect(await linesOf(file)).toEqual(all.slice(3));
});

/** Delivers, and ends as a kill would before the place of the last line is kept. */
async function dieAfterLines(sink: Sink, lines: readonly string[], first = 1): Promise<void> {
  await sink.open();
  const batch = batchOf(lines, first);
  await sink.deliver({
    deliveries: batch.deliveries,
    placeAfter(index) {
      if (index === lines.length - 1) throw new Error('killed');
      return batch.placeAfter(index);
    },
  });
  await sink.close();
}
