import { UsageError } from '../errors/errors.js';
import { explainIssue, nearest } from './explain.js';
import { OPTIONS, type Option } from './options.js';
import { settingsSchema, type Settings } from './settings.js';

/** Values as they came, by settings key, and what to call their source in an error. */
interface Layer {
  readonly values: Readonly<Record<string, unknown>>;
  name(key: string): string;
}

export interface ConfigSources {
  /** Flags as the command line gave them, by settings key. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parsed config file and its path; null where there is none. */
  readonly file: { readonly path: string; readonly data: unknown } | null;
}

/**
 * Settles what is in force: flags win over the environment, that over the config file, that over the defaults. An
 * empty variable counts as unset.
 * @throws UsageError of one line that names the flag, variable or key, what is wrong and the nearest right one.
 */
export function resolveSettings({ flags, env, file }: ConfigSources): Settings {
  const layers: Layer[] = [
    ...(file ? [fileLayer(file)] : []),
    envLayer(env),
    { values: convertFlags(flags), name: flagName },
  ];
  const merged: Record<string, unknown> = {};
  const from = new Map<string, Layer>();
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer.values)) {
      if (value === undefined) continue;
      merged[key] = value;
      from.set(key, layer);
    }
  }
  const result = settingsSchema.safeParse(merged);
  if (!result.success) {
    const nameOf = (path: string): string => {
      const [key = '', ...rest] = path.split('.');
      return [from.get(key)?.name(key) ?? key, ...rest].join('.');
    };
    throw new UsageError(explainIssue(result.error, settingsSchema, nameOf));
  }
  return deepFreeze(result.data);
}

function fileLayer({ path, data }: { path: string; data: unknown }): Layer {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new UsageError(`${path}: the config file must hold one object.`);
  }
  return { values: data as Record<string, unknown>, name: (key) => `${path}: ${key}` };
}

function envLayer(env: ConfigSources['env']): Layer {
  checkVariables(env);
  const values: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    const text = [option.env, ...(option.alsoEnv ?? [])].map((name) => env[name]).find((value) => value);
    if (text !== undefined) values[option.key] = convert(option, text, option.env);
  }
  return { values, name: (key) => OPTIONS.find((option) => option.key === key)?.env ?? key };
}

/** Variables of Galley's own that no option reads and nothing else does. */
const OTHER_VARIABLES = ['GALLEY_CONFIG'];

function checkVariables(env: ConfigSources['env']): void {
  const known = [...OPTIONS.map((option) => option.env), ...OTHER_VARIABLES];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('GALLEY_') || name.startsWith('GALLEY_TEST_') || known.includes(name)) continue;
    throw new UsageError(`There is no variable ${name}; did you mean ${nearest(name, known)}?`);
  }
}

function convertFlags(flags: ConfigSources['flags']): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    const value = flags[option.key];
    if (value !== undefined) values[option.key] = convert(option, value, flagName(option.key));
  }
  return values;
}

function convert({ kind }: Option, value: unknown, name: string): unknown {
  if (typeof value !== 'string') return value;
  switch (kind) {
    case 'text':
      return value;
    case 'list':
      return value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'number': {
      if (value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
      throw new UsageError(`${name}: ${shown(value)} is not a number.`);
    }
    case 'switch': {
      if (/^(1|true|yes|on)$/i.test(value)) return true;
      if (/^(0|false|no|off)$/i.test(value)) return false;
      throw new UsageError(`${name}: ${shown(value)} is neither true nor false.`);
    }
    default:
      return kind satisfies never;
  }
}

function flagName(key: string): string {
  const option = OPTIONS.find((candidate) => candidate.key === key);
  if (!option?.flag) return key;
  return option.negated ? `--no-${option.flag}` : `--${option.flag}`;
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) deepFreeze(part as object);
  }
  return Object.freeze(value);
}
