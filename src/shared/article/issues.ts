import type { z } from 'zod';
import { fieldName, foundText } from './excerpt.js';
import type { Path } from './plain.js';
import type { Problem } from './problem.js';

/** A file with 10,000 bad topics is one mistake made often; the event and the report stay readable. */
export const MAX_PROBLEMS = 100;

type Issue = z.core.$ZodIssue;

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function parameter(issue: Issue, name: string): string | undefined {
  const value: unknown = issue.code === 'custom' ? issue.params?.[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function codeOf(issue: Issue, value: unknown): string {
  if (issue.code === 'custom') return parameter(issue, 'rule') ?? 'invalid';
  if (issue.code === 'invalid_type') return value === undefined || value === null ? 'missing' : 'wrong-type';
  if (issue.code === 'too_big') return 'too-many';
  return 'invalid';
}

/** A problem of a field; its message says what was expected, what was found, and what is wrong with that. */
export function fieldProblem(
  code: string,
  path: Path,
  expected: string,
  options: { readonly value?: unknown; readonly detail?: string | undefined } = {},
): Problem {
  const found = code === 'missing' ? undefined : foundText(options.value, path);
  const quoted = typeof options.value === 'string' ? `"${found}"` : found;
  const detail = options.detail === undefined ? '' : ` (${options.detail})`;
  const message =
    code === 'missing'
      ? `is missing: expected ${expected}${detail}`
      : `expected ${expected}${found === undefined ? '' : `, found ${quoted}`}${detail}`;
  return { code, field: fieldName(path), message, expected, ...(found === undefined ? {} : { found }) };
}

/** A problem together with the place to look its line up by. */
export interface PlacedProblem {
  readonly path: Path;
  readonly problem: Problem;
}

/** What zod found wrong with `data` under the schema of `declared.ts`, where an issue's message is what was expected. */
export function problemsOf(issues: readonly Issue[], data: unknown): PlacedProblem[] {
  return issues.map((issue) => {
    const { path } = issue;
    const value = valueAt(data, path);
    const detail = parameter(issue, 'detail');
    return { path, problem: fieldProblem(codeOf(issue, value), path, issue.message, { value, detail }) };
  });
}

/** Problems with their lines, in the order of the file; of very many the first, and how many more there are. */
export function inFileOrder(placed: readonly PlacedProblem[], lineOf: (path: Path) => number): Problem[] {
  const shown = placed
    .slice(0, MAX_PROBLEMS)
    .map(({ path, problem }) => ({ ...problem, line: lineOf(path) }));
  shown.sort((a, b) => a.line - b.line);
  const more = placed.length - shown.length;
  if (more === 0) return shown;
  return [...shown, { code: 'more', field: '', message: `and ${more} more problems like these` }];
}
