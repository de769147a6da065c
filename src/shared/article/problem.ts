import { z } from 'zod';

/**
 * One thing that is wrong with a file, said so that its author can mend it: where (field and line, both 1-based
 * and absent where there is none), what was expected and what was found.
 */
export const problemSchema = z.strictObject({
  /** Fixed word for the kind of problem, for grouping: `missing`, `bad-date`, `yaml`, `too-large`, … */
  code: z.string(),
  /** Path of the field in the front matter, `images[2].url`, or empty for the file as a whole. */
  field: z.string(),
  /** Line of the file, from 1. */
  line: z.number().int().positive().optional(),
  message: z.string(),
  expected: z.string().optional(),
  found: z.string().optional(),
});

export type Problem = z.infer<typeof problemSchema>;

/** `file:line: field: problem`, the form that `galley check` prints and editors jump from. */
export function formatProblem(file: string, problem: Problem): string {
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return `${file}:${problem.line ?? 1}: ${field}${problem.message}`;
}
