import { describe, expect, it } from 'vitest';
import { isRetryableReason } from '../../src/shared/fetch/result.js';
import { OPTIONS } from '../../src/shared/config/options.js';
import {
  IMAGE_REASONS_BAD,
  IMAGE_REASONS_NOT_REACHED,
  imageReasonSchema,
} from '../../src/shared/record/schema.js';
import { codeRows, read, section, sources } from './pages.js';

const page = read('docs/errors.md');

/** The code and kind of each class of errors that the sources declare. */
function errorsInSource(): Map<string, string> {
  const found = new Map<string, string>();
  for (const { text } of sources()) {
    for (const [, base = '', code = ''] of text.matchAll(
      /class \w+ extends (Retryable|Permanent)Error \{[^}]*?readonly code = '(\w+)'/g,
    )) {
      found.set(code, base.toLowerCase());
    }
  }
  return found;
}

describe('the errors on the errors page', () => {
  const declared = errorsInSource();

  it('are found by the scan of the sources, each of them', () => {
    const codes = sources().flatMap(({ text }) => [...text.matchAll(/readonly code = '(\w+)'/g)]);
    expect(codes.length).toBeGreaterThan(10);
    expect(new Set(codes.map(([, code]) => code))).toEqual(new Set(declared.keys()));
    // A code is never used for two kinds of error.
    expect(codes).toHaveLength(declared.size);
  });

  it('are those that the sources declare, with their kind, and no others', () => {
    const told = codeRows(section(page, 'Errors')).map(([code = '', kind = '']) => `${code}: ${kind}`);
    const expected = [...declared].map(([code, kind]) => `${code}: ${kind}`);
    expect(new Set(told)).toEqual(new Set(expected));
    expect(told).toHaveLength(expected.length);
  });

  it('are the only ones that the page names', () => {
    const variables = new Set(OPTIONS.map(({ env }) => env));
    const named = [...page.matchAll(/\bGALLEY_[A-Z_]+\b/g)].map(([code]) => code);
    expect(named.filter((code) => !declared.has(code) && !variables.has(code))).toEqual([]);
  });
});

/** The ways in which the sources write the code of a problem. */
const PROBLEM_CODES = [
  /\bcode: '([a-z-]+)'/g,
  /\b(?:refused|problem)\(\s*'([a-z-]+)'/g,
  /\brefuse\((?:path, copier, )?'([a-z-]+)'/g,
  /\bfieldProblem\('([a-z-]+)'/g,
];

function problemsInSource(): Set<string> {
  const found = new Set<string>();
  for (const { file, text } of sources()) {
    if (!/^src\/(shared\/article|watcher|commands)\//.test(file)) continue;
    for (const pattern of PROBLEM_CODES) {
      for (const [, code = ''] of text.matchAll(pattern)) found.add(code);
    }
  }
  // Unions and tables that name codes without one of those words before them.
  const issues = sources().find(({ file }) => file === 'src/shared/article/issues.ts')?.text ?? '';
  const ofIssue = /function codeOf[\s\S]*?\n\}/.exec(issues)?.[0] ?? '';
  for (const [, code = ''] of ofIssue.matchAll(/(?:\?|:|\?\?|return) '([a-z-]+)'/g)) found.add(code);
  const declared = sources().find(({ file }) => file === 'src/shared/article/declared.ts')?.text ?? '';
  const union = /type RuleCode =([^;]+);/.exec(declared)?.[1] ?? '';
  for (const [, code = ''] of union.matchAll(/'([a-z-]+)'/g)) found.add(code);
  // How zod calls an issue of a rule of ours; the problem has the rule's code.
  found.delete('custom');
  return found;
}

describe('the problems of a file on the errors page', () => {
  it('are those that the sources tell, each once', () => {
    const told = codeRows(section(page, 'Problems of a file')).map(([code = '']) => code);
    expect(told.toSorted()).toEqual([...problemsInSource()].toSorted());
  });
});

describe('the reasons of a picture on the errors page', () => {
  const rows = codeRows(section(page, 'Reasons of a picture'));

  it('are those of the schema, in its order', () => {
    expect(rows.map(([reason]) => reason)).toEqual(imageReasonSchema.options);
  });

  it('say what they count as and whether they may pass', () => {
    const notReached: ReadonlySet<string> = new Set(IMAGE_REASONS_NOT_REACHED);
    const expected = [...IMAGE_REASONS_NOT_REACHED, ...IMAGE_REASONS_BAD].map((reason) => [
      reason,
      notReached.has(reason) ? 'not reached' : 'bad',
      isRetryableReason(reason) ? 'yes' : 'no',
    ]);
    expect(rows.map((cells) => cells.slice(0, 3))).toEqual(expected);
  });
});
