import { storableText } from './text.js';

/** Deeper nesting is an attack on whatever walks the record by recursion; real front matter has five levels. */
export const MAX_DEPTH = 16;

/**
 * Aliases let a kilobyte of YAML stand for gigabytes ("billion laughs"); counted with every alias written out. Real
 * files have under 300 values.
 */
export const MAX_VALUES = 20_000;

/** `__proto__` would change the prototype of what a consumer copies it into; `<<` merges keys in YAML 1.1 only. */
const FORBIDDEN_KEYS: ReadonlyMap<string, string> = new Map([
  ['__proto__', 'is not allowed as a field: rename it'],
  ['<<', 'merges fields, which is not supported: write the fields out'],
]);

export type Path = readonly PropertyKey[];

export interface Refusal {
  readonly path: Path;
  readonly code: 'forbidden-key' | 'too-deep' | 'too-many';
  readonly message: string;
}

/**
 * A copy of parsed front matter that is a tree of plain JSON: every alias written out, text that any store can hold.
 * `refusals` is empty when all of it could be copied.
 */
export function plainCopy(data: unknown): { readonly value: unknown; readonly refusals: readonly Refusal[] } {
  const copier = { values: 0, refusals: [] as Refusal[] };
  const value = copy(data, [], copier);
  return { value, refusals: copier.refusals };
}

interface Copier {
  values: number;
  readonly refusals: Refusal[];
}

function copy(value: unknown, path: PropertyKey[], copier: Copier): unknown {
  copier.values += 1;
  if (typeof value === 'string') return storableText(value);
  if (value === null || typeof value !== 'object') return value;
  if (copier.values > MAX_VALUES) return refuse(path, copier, 'too-many', `holds over ${MAX_VALUES} values`);
  if (path.length >= MAX_DEPTH)
    return refuse(path, copier, 'too-deep', `is nested over ${MAX_DEPTH} levels deep`);
  return Array.isArray(value) ? copyList(value, path, copier) : copyFields(value, path, copier);
}

function copyList(list: readonly unknown[], path: PropertyKey[], copier: Copier): unknown[] {
  const out: unknown[] = [];
  for (let index = 0; index < list.length && copier.values <= MAX_VALUES; index += 1) {
    path.push(index);
    out.push(copy(list[index], path, copier));
    path.pop();
  }
  return out;
}

function copyFields(fields: object, path: PropertyKey[], copier: Copier): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const forbidden = FORBIDDEN_KEYS.get(key);
    path.push(key);
    if (forbidden === undefined) out[storableText(key)] = copy(value, path, copier);
    else refuse(path, copier, 'forbidden-key', forbidden);
    path.pop();
  }
  return out;
}

function refuse(path: Path, copier: Copier, code: Refusal['code'], message: string): undefined {
  // One is enough to reject the file; a bomb would give thousands.
  if (code === 'forbidden-key' || !copier.refusals.some((refusal) => refusal.code === code)) {
    copier.refusals.push({ path: [...path], code, message });
  }
  return undefined;
}

/** The fields without those that are there without a value, in the same order. */
export function withoutUndefined<T extends object>(fields: T): T {
  const keys = Object.keys(fields) as (keyof T & string)[];
  if (keys.every((key) => fields[key] !== undefined)) return fields;
  const kept: Partial<T> = {};
  for (const key of keys) if (fields[key] !== undefined) kept[key] = fields[key];
  // Still a T: only what is optional in it can be undefined.
  return kept as T;
}
