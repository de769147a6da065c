import { readFileSync } from 'node:fs';
import { UsageError } from '../errors/errors.js';
import { resolveSettings } from './resolve.js';
import type { Settings } from './settings.js';

const DEFAULT_FILE = './galley.config.json';

/**
 * Settings of this process, from flags, environment and config file. The one place that reads `process.env`.
 * @param configFile the file that `--config` names; the default one may be absent, this one may not.
 * @throws UsageError
 */
export function loadSettings(flags: Readonly<Record<string, unknown>>, configFile?: string): Settings {
  const named = configFile ?? (process.env['GALLEY_CONFIG'] || undefined);
  return resolveSettings({ flags, env: process.env, file: readConfigFile(named) });
}

function readConfigFile(named: string | undefined): { path: string; data: unknown } | null {
  const path = named ?? DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`The config file ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  try {
    return { path, data: JSON.parse(text) as unknown };
  } catch (error) {
    throw new UsageError(`${path}: not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

/** Whether colours are wanted: standard error is a terminal, and nobody asked for none (https://no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}
