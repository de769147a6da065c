import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Outcome, Sink } from '../../src/sinks/contract.js';
import { stdout } from '../../src/sinks/stdout.js';
import { batchOf, events, sinkContract } from '../contracts/sink.js';

const SCRIPT = fileURLToPath(new URL('../fixtures/sinks/stdout-process.mjs', import.meta.url));
const MODULE = new URL('../../dist/sinks/stdout.js', import.meta.url).href;
/** More than a pipe and the stream before it hold. */
const MUCH = Array.from({ length: 2000 }, (_, i) => JSON.stringify({ i, padding: 'x'.repeat(500) }));

sinkContract({
  name: 'stdout',
  inEffect: 'at-least-once',
  // Nothing can be kept beside a stream: the state's cursor alone says what was printed.
  remembersPlace: false,
  async rig() {
    const printer = await startPrinter();
    const text = collect(printer.output);
    return {
      make: () => printer.sink,
      async lines() {
        await printer.end();
        return (await text).trimEnd().split('\n');
      },
    };
  },
});

test('a reader that is slow holds up this sink alone', async () => {
  const printer = await startPrinter();
  await printer.sink.open();
  let done = false;
  const delivered = printer.sink.deliver(batchOf(MUCH)).then((outcome) => {
    done = true;
    return outcome;
  });
  const before = await printer.ask('ticks');
  await vi.waitFor(async () => expect(await printer.ask('ticks')).toBeGreaterThan(Number(before) + 5));
  expect(done).toBe(false);

  const text = collect(printer.output);
  expect(await delivered).toEqual({ kind: 'done', taken: MUCH.length });
  await printer.end();
  expect((await text).trimEnd().split('\n')).toEqual(MUCH);
});

test('many batches to a slow reader leave no listeners behind', async () => {
  const printer = await startPrinter();
  await printer.sink.open();
  void collect(printer.output);
  await printer.sink.deliver(batchOf(MUCH));
  const before = await printer.ask('listeners');
  for (let i = 0; i < 20; i++) await printer.sink.deliver(batchOf(MUCH));
  expect(await printer.ask('listeners')).toBe(before);
  expect(printer.errors()).toBe('');
});

test('a reader that has gone is told, and ends nothing but this sink', async () => {
  const printer = await startPrinter();
  await printer.sink.open();
  printer.output.destroy();
  await vi.waitFor(async () => {
    expect(await printer.sink.deliver(batchOf(events(1, 1)))).toMatchObject({ kind: 'lost', taken: 0 });
  });
  await printer.sink.close();
  await expect(printer.sink.open()).rejects.toThrow(/reader has gone/);
  await expect(printer.sink.check()).rejects.toThrow(/reader has gone/);
  expect(printer.errors()).toBe('');
});

test('what a reader that goes away had not read yet is not counted as taken', async () => {
  const printer = await startPrinter();
  await printer.sink.open();
  const delivered = printer.sink.deliver(batchOf(MUCH));
  await once(printer.output, 'readable');
  printer.output.destroy();
  expect(await delivered).toMatchObject({ kind: 'lost', taken: 0, reason: expect.stringMatching(/closed/) });
  await printer.sink.close();
  // Still there, and its other work goes on.
  expect(await printer.ask('ticks')).toBeGreaterThan(0);
  expect(printer.errors()).toBe('');
});

test('a line written just before the reader went does not take the process along when the sink closes', async () => {
  const printer = await startPrinter();
  await printer.sink.open();
  printer.output.destroy();
  const [outcome] = await Promise.all([printer.sink.deliver(batchOf(events(1, 1))), printer.sink.close()]);
  expect(['done', 'lost']).toContain(outcome.kind);
  expect(await printer.ask('ticks')).toBeGreaterThan(0);
  expect(printer.errors()).toBe('');
});

test('anything after the colon is wrong usage', () => {
  expect(() => stdout.prepare('stdout:file')).toThrow(/takes nothing after the colon/);
});

interface Printer {
  readonly sink: Sink;
  readonly output: Readable;
  /** What the process wrote on standard error: warnings and crashes. */
  errors(): string;
  ask(call: string, more?: object): Promise<unknown>;
  end(): Promise<void>;
}

/** A process of its own whose standard output is the sink; nothing of it is read until the test does. */
async function startPrinter(): Promise<Printer> {
  const child = spawn(process.execPath, [SCRIPT, MODULE], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const { stdout: output, stderr } = child;
  if (!output || !stderr) throw new Error('The process has no standard output.');
  let errors = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  await once(child, 'message');
  const ask = asking(child, () => errors);
  return {
    output,
    errors: () => errors,
    ask,
    sink: {
      open: () => ask('open') as Promise<null>,
      deliver: ({ deliveries }) =>
        ask('deliver', { lines: deliveries.map(({ json }) => json), first: 1 }) as Promise<Outcome>,
      check: () => ask('check') as Promise<void>,
      close: () => ask('close') as Promise<void>,
    },
    async end() {
      child.disconnect();
      await exited;
    },
  };
}

function asking(child: ChildProcess, errors: () => string): Printer['ask'] {
  let asked = 0;
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  child.on('message', (message: { id: number; answer?: unknown; error?: string }) => {
    const waiter = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) waiter?.resolve(message.answer);
    else waiter?.reject(new Error(message.error));
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error(`The process ended: ${errors()}`));
  });
  return (call, more = {}) =>
    new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, { resolve, reject });
      child.send({ ...more, id, call }, (error) => {
        if (error) reject(error);
      });
    });
}

async function collect(output: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of output) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
