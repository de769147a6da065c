import { describe, expect, test } from 'vitest';
import type { Batch, Delivery, Place, Sink } from '../../src/sinks/contract.js';
import type { GalleyEvent } from '../../src/shared/events/event.js';

/** A place that the tests of one sink write to: a folder, a process, a server. Made anew for each test. */
export interface SinkRig {
  /** A sink on it, as a process that starts now has it. */
  make(): Sink;
  /** What has arrived there, line by line. A line that is cut off counts as one. */
  lines(): Promise<string[]>;
  /** Leaves things as a process does that is killed after writing these events, and before it notes the place. */
  dieBeforePlace?(lines: readonly string[]): Promise<void>;
  /** The same, killed in the middle of a line. */
  dieInLine?(line: string): Promise<void>;
  /** A person deletes what was delivered. */
  deleteByHand?(): Promise<void>;
  /** A sink on something that cannot be written to. */
  makeUnwritable?(): Sink;
  /** Throws when the sink's target is inside this test's inbox. */
  readonly makeInsideInbox?: () => Sink;
  /** All that `check` could have written, named. */
  traces?(): Promise<string[]>;
}

/** What a sink can, and why not where it cannot. */
export interface SinkUnderTest {
  readonly name: string;
  readonly inEffect: 'once' | 'at-least-once';
  /** Whether `open` answers a place that the sink itself keeps. */
  readonly remembersPlace: boolean;
  readonly rig: () => Promise<SinkRig>;
}

/** What every sink does, run against the real thing. */
export function sinkContract(tested: SinkUnderTest): void {
  describe(`the sink ${tested.name}`, () => {
    deliveringContract(tested);
    if (tested.remembersPlace) placeContract(tested);
    if (tested.inEffect === 'once') onceContract(tested);
    refusingContract(tested);
  });
}

function deliveringContract({ rig }: SinkUnderTest): void {
  test('delivers events in order, each a whole line as it came', async () => {
    const place = await rig();
    const sink = place.make();
    await sink.open();
    const all = events(1, 1000);
    for (const batch of batchesOf(all, 250)) {
      expect(await sink.deliver(batch)).toEqual({ kind: 'done', taken: batch.deliveries.length });
    }
    await sink.close();
    expect(await place.lines()).toEqual(all);
  });

  test('goes on when it is opened again, while it is open and after it was closed', async () => {
    const place = await rig();
    const sink = place.make();
    for (const [from, to] of [
      [1, 3],
      [4, 5],
    ] as const) {
      await sink.open();
      await sink.deliver(batchOf(events(from, to), from));
    }
    await sink.close();
    await sink.close();
    await sink.open();
    await sink.deliver(batchOf(events(6, 7), 6));
    await sink.close();
    expect(await place.lines()).toEqual(events(1, 7));
  });
}

function placeContract({ rig }: SinkUnderTest): void {
  test('remembers no place before its first batch', async () => {
    const sink = (await rig()).make();
    expect(await sink.open()).toBeNull();
    await sink.close();
  });

  test('answers the place of its last batch, with log and generation, to whoever opens it next', async () => {
    const place = await rig();
    const first = place.make();
    await first.open();
    await first.deliver(batchOf(events(1, 3), 1, { logId: 'log-a', generation: 2 }));
    expect(await first.open()).toEqual({ logId: 'log-a', generation: 2, number: 3 });
    await first.close();

    const second = place.make();
    expect(await second.open()).toEqual({ logId: 'log-a', generation: 2, number: 3 });
    // A younger log, or a replay: shorter numbers overwrite longer ones whole.
    await second.deliver(batchOf(events(1, 1), 1, { logId: 'b', generation: 0 }));
    expect(await second.open()).toEqual({ logId: 'b', generation: 0, number: 1 });
    await second.close();
  });
}

function onceContract({ rig }: SinkUnderTest): void {
  test('has each of 1,000 events once after they are delivered again', async () => {
    const place = await rig();
    const all = events(1, 1000);
    for (let run = 0; run < 3; run++) await deliverBehindPlace(place.make(), all);
    expect(await place.lines()).toEqual(all);
  });

  test('has each event once when a process was killed between writing and noting the place', async ({
    skip,
  }) => {
    const place = await rig();
    if (!place.dieBeforePlace) return skip('writes both in one step');
    const all = events(1, 1000);
    await deliverBehindPlace(place.make(), all.slice(0, 600));
    await place.dieBeforePlace(all.slice(600, 850));
    await deliverBehindPlace(place.make(), all);
    expect(await place.lines()).toEqual(all);
  });

  test('has whole lines when a process was killed in the middle of one, also of its first', async ({
    skip,
  }) => {
    for (const before of [0, 40]) {
      const place = await rig();
      if (!place.dieInLine) return skip('writes no lines');
      const all = events(1, 100);
      if (before > 0) await deliverBehindPlace(place.make(), all.slice(0, before));
      await place.dieInLine(all[before] ?? '');
      await deliverBehindPlace(place.make(), all);
      expect(await place.lines()).toEqual(all);
    }
  });

  test('stays empty when what it had was deleted by hand, and gets it again by a replay', async ({
    skip,
  }) => {
    const place = await rig();
    if (!place.deleteByHand) return skip('nothing to delete by hand');
    const all = events(1, 20);
    const sink = place.make();
    await deliverBehindPlace(sink, all.slice(0, 10), { close: false });
    await place.deleteByHand();
    await deliverBehindPlace(sink, all.slice(0, 10), { close: false });
    expect(await place.lines()).toEqual([]);
    await deliverBehindPlace(sink, all);
    expect(await place.lines()).toEqual(all.slice(10));

    await place.deleteByHand();
    await deliverBehindPlace(place.make(), all, { generation: 1 });
    expect(await place.lines()).toEqual(all);
  });

  test('lets another process take over and take back, without a gap or a double', async () => {
    const place = await rig();
    const [mine, theirs] = [place.make(), place.make()];
    const all = events(1, 30);
    await deliverBehindPlace(mine, all.slice(0, 10), { close: false });
    await deliverBehindPlace(theirs, all.slice(0, 20), { close: false });
    await deliverBehindPlace(mine, all.slice(0, 25), { close: false });
    await deliverBehindPlace(theirs, all);
    await mine.close();
    expect(await place.lines()).toEqual(all);
  });
}

function refusingContract({ rig }: SinkUnderTest): void {
  test('checks without leaving a trace, before and after it has delivered', async () => {
    const place = await rig();
    const before = await place.traces?.();
    await place.make().check();
    expect(await place.traces?.()).toEqual(before);
    const sink = place.make();
    await deliverBehindPlace(sink, events(1, 2));
    await place.make().check();
    expect(await place.lines()).toEqual(events(1, 2));
  });

  test('says on check and on open what it cannot write to', async ({ skip }) => {
    const place = await rig();
    if (!place.makeUnwritable) return skip('cannot be made unwritable');
    await expect(place.makeUnwritable().check()).rejects.toThrow(/\//);
    const sink = place.makeUnwritable();
    await expect(sink.open()).rejects.toThrow(/\//);
    await sink.close();
  });

  test('is refused inside a watched folder', async ({ skip }) => {
    const place = await rig();
    const { makeInsideInbox } = place;
    if (!makeInsideInbox) return skip('writes to no path');
    expect(makeInsideInbox).toThrow(/inside the inbox/);
  });
}

/** What the deliver worker does: asks for the place and delivers what is behind it. */
export async function deliverBehindPlace(
  sink: Sink,
  all: readonly string[],
  { generation = 0, close = true }: { generation?: number; close?: boolean } = {},
): Promise<void> {
  const place = await sink.open();
  const at = place?.logId === LOG.logId && place.generation === generation ? place.number : 0;
  for (const batch of batchesOf(all.slice(at), 250, at + 1, { ...LOG, generation })) {
    expect(await sink.deliver(batch)).toMatchObject({ kind: 'done' });
  }
  if (close) await sink.close();
}

const LOG = { logId: 'log-1', generation: 0 };

/** Events of these numbers as lines, of growing length and with signs of more than one byte. */
export function events(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) =>
    JSON.stringify({
      id: `article:${from + i}:created:1`,
      title: 'Zürich \u2028 \u{1F4F0} '.repeat((from + i) % 7),
    }),
  );
}

/** A batch of lines, the first of which has this number in the log. */
export function batchOf(lines: readonly string[], first = 1, log: Omit<Place, 'number'> = LOG): Batch {
  const deliveries = lines.map((json, index): Delivery => {
    const number = first + index;
    const event = (): GalleyEvent => JSON.parse(json) as GalleyEvent;
    return { number, eventId: `event-${number}`, articleId: 'article', version: number, json, event };
  });
  return { deliveries, placeAfter: (index) => ({ ...log, number: first + index }) };
}

function batchesOf(
  lines: readonly string[],
  size: number,
  first = 1,
  log: Omit<Place, 'number'> = LOG,
): Batch[] {
  const batches: Batch[] = [];
  for (let from = 0; from < lines.length; from += size) {
    batches.push(batchOf(lines.slice(from, from + size), first + from, log));
  }
  return batches;
}
