import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** A temporary file that a crash left is surely nobody's any more after this long. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Writes a file so that it is there whole or not at all, also after a power cut: under another name on the same disk,
 * synced, renamed. Folders are made as needed.
 *
 * @param temporaryFolder on the same file system as `target`
 * @throws Node's file system errors
 */
export async function writeWhole(target: string, bytes: Uint8Array, temporaryFolder: string): Promise<void> {
  await mkdir(temporaryFolder, { recursive: true });
  const temporary = path.join(temporaryFolder, `${randomUUID()}.tmp`);
  try {
    await writeSynced(temporary, bytes);
    await renameInto(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Most folders are there already: they are made only when the rename says that they are not. */
async function renameInto(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    await mkdir(path.dirname(target), { recursive: true });
    await rename(temporary, target);
  }
}

/** Removes temporary files that a crash left behind. */
export async function removeAbandoned(temporaryFolder: string, now: number): Promise<void> {
  for (const name of await readdir(temporaryFolder)) {
    const file = path.join(temporaryFolder, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}
