import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startHost, type Answer, type TestHost } from '../fetch/misbehaving-host.js';
import { noise } from '../pictures/samples.js';
import { backendSettings, type BackendSettings } from '../support/backend-settings.js';
import { Newsroom } from './newsroom.js';

const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');
const SOON = { timeout: 30_000, interval: 50 };

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await noise(64, 36).jpeg().toBuffer();
});

const good: Answer = (_q, r) => r.end(jpeg);
const down: Answer = (_q, r) => r.writeHead(503).end();
const silent: Answer = () => undefined;

/** Each request gets the next answer, the last one for ever. */
async function hostThat(...answers: readonly Answer[]): Promise<TestHost> {
  let asked = 0;
  const host = await startHost({
    '*': (q, r) => answers[Math.min(asked++, answers.length - 1)]?.(q, r),
  });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

/** A process of ours on the folders and the backend of a newsroom. */
async function galley(room: Newsroom, command: string, args: readonly string[]): Promise<ChildProcess> {
  const { settings } = room;
  const config = path.join(path.dirname(room.inbox), 'galley.config.json');
  const { allowHosts, pictures, namespace, state } = settings;
  await writeFile(config, JSON.stringify({ allowHosts, pictures, namespace, state }));
  const child = spawn(process.execPath, [CLI, command, ...args, '--config', config, '--out', room.out], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], REDIS_URL: settings.redisUrl ?? '' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => kill(child));
  return child;
}

function run(room: Newsroom): Promise<ChildProcess> {
  return galley(room, 'run', ['--inbox', room.inbox, '--no-dashboard']);
}

function placeOf(room: Newsroom): Promise<string> {
  return readFile(`${room.out}.place`, 'utf8').catch(() => '');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe.each(backendSettings())(
  'pictures to be fetched again, on $name',
  { timeout: 90_000 },
  ({ open }) => {
    let backend: BackendSettings;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.stop());

    const roomFor = (host: TestHost, retryDelaysMs: readonly number[]): Promise<Newsroom> =>
      Newsroom.open({
        backend,
        ports: [host.port],
        pictures: { retryDelaysMs, breaker: { failures: 1000 } },
      });

    it('are not forgotten when the process is killed while they wait', async () => {
      const host = await hostThat(down, good);
      const room = await roomFor(host, [3000]);
      const first = await run(room);
      await room.drop('one', [`${host.origin}/a.jpg`]);
      await expect.poll(() => room.kinds('one'), SOON).toEqual(['created']);
      // The first lines of a file are told twice after a kill before its place is there: not what is looked at here.
      await expect.poll(() => placeOf(room), SOON).not.toBe('');
      await kill(first);
      await run(room);
      await expect.poll(() => room.kinds('one'), SOON).toEqual(['created', 'updated']);
      expect(await room.pictures('one')).toEqual(['verified']);
    });

    it('are told of once when the process is killed in the middle', async () => {
      const host = await hostThat(down, down, silent, good);
      const room = await roomFor(host, [200]);
      const first = await run(room);
      await room.drop('one', [`${host.origin}/a.jpg`, `${host.origin}/b.jpg`]);
      await expect.poll(() => host.count(), SOON).toBe(4);
      await kill(first);
      await run(room);
      await expect.poll(() => room.pictures('one'), SOON).toEqual(['verified', 'verified']);
      expect(await room.kinds('one')).toEqual(['created', 'updated']);
    });

    it('are neither waited for nor counted by ingest', async () => {
      const host = await hostThat(down, silent);
      const room = await roomFor(host, [1]);
      await room.drop('one', [`${host.origin}/a.jpg`]);
      const child = await galley(room, 'ingest', [room.inbox, '--json']);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const [code] = (await once(child, 'exit')) as [number];
      expect(code).toBe(0);
      expect(JSON.parse(output)).toMatchObject({
        files: 1,
        delivered: 1,
        images: { verified: 0, failed: 1, skipped: 0 },
      });
      expect((JSON.parse(output) as { seconds: number }).seconds).toBeLessThan(8);
    });
  },
);
