import { closest } from 'fastest-levenshtein';
import { z } from 'zod';

/**
 * What is wrong with a value, in one line: the key and where it was said, and for an unknown key the nearest right one.
 * @param nameOf how the source calls a key; it gets the key as `group.key`, empty for the whole.
 */
export function explainIssue(
  error: z.ZodError,
  schema: z.core.$ZodType,
  nameOf: (key: string) => string,
): string {
  const [issue] = error.issues;
  if (!issue) return error.message;
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const [unknown = ''] = issue.keys;
    const known = keysAt(schema, path);
    const hint = known.length > 0 ? `; did you mean ${nearest(unknown, known)}?` : '.';
    return `${nameOf([...path, unknown].join('.'))}: there is no such key${hint}`;
  }
  return `${nameOf(path.join('.'))}: ${lowerFirst(issue.message)}.`;
}

/** The word among `known` that is closest to `word`. */
export function nearest(word: string, known: readonly string[]): string {
  return closest(word, known);
}

/** The keys that an object at a path may have; none where the schema names none. */
function keysAt(schema: z.core.$ZodType, path: readonly string[]): string[] {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject)) return [];
  const shape = inner.shape as Record<string, z.core.$ZodType>;
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(shape);
  const next = shape[key];
  return next === undefined ? [] : keysAt(next, rest);
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? unwrapped(schema.unwrap())
    : schema;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
