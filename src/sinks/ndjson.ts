import { constants, createReadStream } from 'node:fs';
import { access, mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SinkUnavailableError, UsageError } from '../shared/errors/errors.js';
import type { Batch, Outcome, Place, Sink, SinkDriver } from './contract.js';
import { refuseInsideInbox } from './inside-inbox.js';
import { formatPlace, parsePlace } from './place.js';

/**
 * `ndjson:FILE`: appends each event as a whole line, in order, once.
 *
 * Beside the file lies `FILE.place`: the place in the log and the length that the file had with it. Lines are flushed to disk
 * before the place is written, so the place is never ahead; on open what is longer than the place says is cut off, and those
 * events come again as the same bytes. A file deleted by hand stays empty until a replay.
 */
export const ndjson: SinkDriver = {
  scheme: 'ndjson',
  usage: 'ndjson:FILE',
  summary: 'Appends each event as a line of JSON to a file.',
  inEffect: 'once',
  prepare(url) {
    const file = url.slice('ndjson:'.length).replace(/^\/\/(?=\/)/, '');
    if (file === '') throw new UsageError(`The sink ${url} names no file; write ndjson:FILE.`);
    return (context) => {
      refuseInsideInbox(resolve(file), context);
      return new NdjsonSink(resolve(file));
    };
  },
};

/** Length of the place file: fixed, so that one write replaces all of it. */
const PLACE_BYTES = 160;

interface Kept {
  readonly place: Place;
  readonly length: number;
}

class NdjsonSink implements Sink {
  readonly #file: string;
  #handle: FileHandle | null = null;
  #placeHandle: FileHandle | null = null;
  #length = 0;
  /** Whether the place file holds a place, of whatever log. */
  #hasPlace = false;

  constructor(file: string) {
    this.#file = file;
  }

  async open(): Promise<Place | null> {
    await this.#reopenIfReplaced();
    const [handle, placeHandle] = await this.#handles();
    const { size } = await handle.stat();
    const kept = await readKept(placeHandle);
    // A file shorter than the place says was cut by hand: what was in it is not written again unasked.
    const length = kept && kept.length <= size ? kept.length : await wholeLines(this.#file, size);
    if (length < size) await handle.truncate(length);
    this.#length = length;
    this.#hasPlace = kept !== null;
    if (kept && kept.length !== length) await writeKept(placeHandle, { place: kept.place, length });
    return kept?.place ?? null;
  }

  async deliver(batch: Batch): Promise<Outcome> {
    try {
      const handles = await this.#handles();
      return await this.#append(batch, ...handles);
    } catch (error) {
      // No event is to blame for what a disk refuses: all of them wait. What was half written is cut off on open.
      await this.close().catch(() => undefined);
      return { kind: 'retry', taken: 0, reason: `${this.#file}: ${(error as Error).message}` };
    }
  }

  async #append(batch: Batch, handle: FileHandle, placeHandle: FileHandle): Promise<Outcome> {
    const { deliveries } = batch;
    const bytes = Buffer.from(deliveries.map(({ json }) => `${json}\n`).join(''));
    const { nlink, size } = await handle.stat();
    if (nlink === 0 || size < this.#length) return this.#touchedByHand();
    if (!this.#hasPlace) await this.#keepPlaceBefore(batch, placeHandle);
    await writeAll(handle, bytes, this.#length);
    await handle.datasync();
    // Deleted just now: without the place these events come again, into the file that is made anew.
    if ((await handle.stat()).nlink === 0) return this.#touchedByHand();
    this.#length += bytes.length;
    await writeKept(placeHandle, { place: batch.placeAfter(deliveries.length - 1), length: this.#length });
    return { kind: 'done', taken: deliveries.length };
  }

  /** Until a place is kept, a kill would leave lines that nobody knows of, and they would come again. */
  async #keepPlaceBefore(batch: Batch, placeHandle: FileHandle): Promise<void> {
    const [first] = batch.deliveries;
    if (!first) return;
    const place = { ...batch.placeAfter(0), number: first.number - 1 };
    await writeKept(placeHandle, { place, length: this.#length });
    this.#hasPlace = true;
  }

  #touchedByHand(): Outcome {
    return { kind: 'lost', taken: 0, reason: `${this.#file} was deleted or cut while it was written to` };
  }

  async check(): Promise<void> {
    for (const path of [this.#file, `${this.#file}.place`]) await checkWritable(path);
  }

  async close(): Promise<void> {
    const handles = [this.#handle, this.#placeHandle];
    this.#handle = null;
    this.#placeHandle = null;
    for (const handle of handles) await handle?.close();
  }

  async #handles(): Promise<readonly [FileHandle, FileHandle]> {
    if (this.#handle === null || this.#placeHandle === null) {
      await mkdir(dirname(this.#file), { recursive: true });
      this.#handle ??= await openToWrite(this.#file);
      this.#placeHandle ??= await openToWrite(`${this.#file}.place`);
    }
    return [this.#handle, this.#placeHandle];
  }

  /** Another process or a person may have put another file in the place of ours. */
  async #reopenIfReplaced(): Promise<void> {
    if (this.#handle === null || this.#placeHandle === null) return;
    for (const [handle, path] of [
      [this.#handle, this.#file] as const,
      [this.#placeHandle, `${this.#file}.place`] as const,
    ]) {
      const ours = await handle.stat();
      const there = await openToWrite(path, false).then(statAndClose, () => null);
      if (there === null || there.ino !== ours.ino || there.dev !== ours.dev) return this.close();
    }
  }
}

/** Whether a file can be written, or made where it is not there yet; makes nothing. */
async function checkWritable(path: string): Promise<void> {
  try {
    const handle = await openToWrite(path, false);
    await handle.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw notWritable(path, error);
    await checkFolder(dirname(path)).catch((cause: unknown) => {
      throw notWritable(path, cause);
    });
  }
}

/** The nearest folder that is there must be one in which things can be made. */
async function checkFolder(path: string): Promise<void> {
  try {
    await access(`${path}/.`, constants.W_OK | constants.X_OK);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    await checkFolder(parent);
  }
}

function notWritable(path: string, cause: unknown): SinkUnavailableError {
  return new SinkUnavailableError(
    `${path} cannot be written (${(cause as Error).message}); mend that, or give the sink another file.`,
    { cause },
  );
}

async function statAndClose(handle: FileHandle) {
  const stat = await handle.stat();
  await handle.close();
  return stat;
}

/** Opens to read and write at places of ours; `a` would append wherever the file then ends. */
async function openToWrite(path: string, create = true): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (!create || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'w+');
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function readKept(handle: FileHandle): Promise<Kept | null> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(PLACE_BYTES), 0, PLACE_BYTES, 0);
  const [text = '', length = ''] = buffer.toString('utf8', 0, bytesRead).trimEnd().split(' ');
  const place = parsePlace(text);
  return place && /^\d+$/.test(length) ? { place, length: Number(length) } : null;
}

async function writeKept(handle: FileHandle, { place, length }: Kept): Promise<void> {
  const text = `${formatPlace(place)} ${length}`.padEnd(PLACE_BYTES - 1) + '\n';
  await handle.write(text, 0, 'utf8');
}

/** Length of the file without a last line that was cut off; for a file that has no place beside it. */
async function wholeLines(file: string, size: number): Promise<number> {
  const step = 64 * 1024;
  for (let end = size; end > 0; end -= step) {
    const start = Math.max(0, end - step);
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(file, { start, end: end - 1 })) chunks.push(chunk as Buffer);
    const last = Buffer.concat(chunks).lastIndexOf(0x0a);
    if (last !== -1) return start + last + 1;
  }
  return 0;
}
