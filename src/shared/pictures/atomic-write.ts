import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** A temporary file that a crash left is surely nobody's any more after this long. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Writes a file so that it is there whole or not at all: under another name on the same disk, then renamed. Folders are
 * made as needed.
 *
 * @param temporaryFolder on the same file system as `target`
 * @param durable synced before it is renamed, so that it is whole also after a power cut
 * @throws Node's file system errors
 */
export async function writeWhole(
  target: string,
  bytes: Uint8Array,
  temporaryFolder: string,
  durable: boolean,
): Promise<void> {
  const temporary = path.join(temporaryFolder, `${randomUUID()}.tmp`);
  try {
    await writeNew(temporary, bytes, durable).catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      await mkdir(temporaryFolder, { recursive: true });
      await writeNew(temporary, bytes, durable);
    });
    await renameInto(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeNew(file: string, bytes: Uint8Array, durable: boolean): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    await handle.writeFile(bytes);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Most folders are there already: they are made only when the rename says that they are not. */
async function renameInto(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(path.dirname(target), { recursive: true });
    await rename(temporary, target);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Removes temporary files that a crash left behind. */
export async function removeAbandoned(temporaryFolder: string, now: number): Promise<void> {
  for (const name of await readdir(temporaryFolder)) {
    const file = path.join(temporaryFolder, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}
