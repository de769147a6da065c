import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished, vi } from 'vitest';

/** A folder of the test's own, removed when it ends. */
export function ownFolder(): string {
  const made = realpathSync(mkdtempSync(path.join(tmpdir(), 'galley-watcher-')));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Writes a file that looks at rest for a minute, with the folders on its way. */
export function put(dir: string, name: string, text: string | Uint8Array): string {
  const file = path.join(dir, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  const before = Date.now() / 1000 - 60;
  utimesSync(file, before, before);
  return file;
}

/** Waits for a condition. */
export async function until(
  condition: () => boolean,
  what = 'the condition',
  timeout = 10_000,
): Promise<void> {
  await vi.waitFor(
    () => {
      if (!condition()) throw new Error(`${what} did not come about`);
    },
    { timeout, interval: 3 },
  );
}
