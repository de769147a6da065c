import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type ParsedNode,
} from 'yaml';
import { fieldName } from './excerpt.js';
import type { Path } from './plain.js';
import type { Problem } from './problem.js';

/** How often one anchor may be used, what it holds counted in: the answer to the alias bomb. */
export const MAX_ALIAS_COUNT = 100;

/** One mistake makes a YAML parser stumble many times; the first few places are what its author needs. */
const MAX_SYNTAX_PROBLEMS = 5;

/**
 * What each error of the `yaml` package means to an author. Our own sentences: the package's quote the source, which
 * may hold `secured`.
 */
export const YAML_ERROR_MEANING: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) without its anchor; put text that starts with * in quotes',
  BAD_COLLECTION_TYPE: 'a tag that does not fit what it stands before',
  BAD_DIRECTIVE: 'a directive (%) that is not known; put text that starts with % in quotes',
  BAD_DQ_ESCAPE: 'an unknown escape in double quotes; write \\\\ for a backslash',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_PROP_ORDER: 'an anchor or a tag in the wrong place',
  BAD_SCALAR_START: 'text that starts with a special character (@ or `): put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two fields on one line: put text with a colon in quotes',
  BLOCK_IN_FLOW: 'a list or field by lines inside [ ] or { }',
  DUPLICATE_KEY: 'a field given twice',
  IMPOSSIBLE: 'something that cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'a field name of over 1024 characters',
  MISSING_CHAR: 'something is missing: a closing quote, bracket, comma or colon',
  MULTILINE_IMPLICIT_KEY: 'a field name over several lines: a colon or a closing quote is missing',
  MULTIPLE_ANCHORS: 'two anchors at one place',
  MULTIPLE_DOCS: 'more than one document',
  MULTIPLE_TAGS: 'two tags at one place',
  NON_STRING_KEY: 'a list or fields as the name of a field',
  RESOURCE_EXHAUSTION: 'nested too deep',
  TAB_AS_INDENT: 'a tab in the indentation: use blanks',
  TAG_RESOLVE_FAILED: 'a tag (!name) that is not known; put text that starts with ! in quotes',
  UNEXPECTED_TOKEN: 'something unexpected: put text with special characters in quotes',
};

/**
 * The `yaml` package recurses, and V8 ends the whole process when a pattern is first used where the stack runs out
 * ("RegExpCompiler Allocation failed"), which no `catch` sees: 5,000 brackets did it in a fresh process. Its stack lasts
 * for 400 to 800 levels. So what could nest deeper than this is not shown to it; js-yaml counts its levels itself.
 */
const MAX_NESTING_SHOWN = 150;

/** Front matter with the place of everything in it. Slower than js-yaml five times over: for files with a problem. */
export interface YamlDocument {
  /** Everything that is wrong with it as YAML, duplicate keys included. Empty also where that could not be looked at. */
  readonly problems: readonly Problem[];
  /** Line, from 1, of what the path leads to, or of the nearest there is on the way to it. */
  lineOf(path: Path): number;
}

/**
 * Parses front matter for its lines and errors. `source` starts on the line of the opening delimiter, so that lines are
 * those of the file. Never throws. Of text that may nest beyond measure only the lines of its outermost fields are known.
 */
export function yamlDocument(source: string): YamlDocument {
  if (mayNestDeeply(source)) {
    return { problems: [], lineOf: (path) => lineOfOutermost(source, path) };
  }
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Compares each key with all before it: seconds for 30,000 keys. `duplicates` does it in one pass.
    uniqueKeys: false,
    logLevel: 'error',
  });
  const problems = [...syntaxProblems(document, lineAt), ...duplicates(document.contents, [], lineAt)];
  return {
    problems: problems.length > 0 ? problems : aliasProblems(document),
    lineOf: (path) => lineAt(offsetOf(document.contents, path)),
  };
}

/** An upper bound: every bracket might nest, and every column of indentation and indicators be a level. */
function mayNestDeeply(source: string): boolean {
  const brackets = source.match(/[[{]/g)?.length ?? 0;
  const indents = source.match(/^[ \t?:-]+/gm) ?? [];
  const deepest = indents.reduce((most, indent) => Math.max(most, indent.length), 0);
  return brackets + deepest > MAX_NESTING_SHOWN;
}

function lineOfOutermost(source: string, path: Path): number {
  const name = String(path[0] ?? '');
  const line = source.split('\n').findIndex((text) => {
    return text.startsWith(`${name}:`) || text.trimStart().startsWith(`"${name}"`);
  });
  return line === -1 ? 1 : line + 1;
}

function syntaxProblems(document: Document.Parsed, lineAt: (offset: number) => number): Problem[] {
  const seen = new Map<string, Problem>();
  for (const error of document.errors) {
    const line = lineAt(error.pos[0]);
    const message = `the YAML cannot be read: ${YAML_ERROR_MEANING[error.code]}`;
    const code = error.code === 'RESOURCE_EXHAUSTION' ? 'too-deep' : 'yaml';
    if (!seen.has(`${line}:${error.code}`))
      seen.set(`${line}:${error.code}`, { code, field: '', line, message });
  }
  return [...seen.values()].slice(0, MAX_SYNTAX_PROBLEMS);
}

function aliasProblems(document: Document.Parsed): Problem[] {
  try {
    document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
    return [];
  } catch (error) {
    // An alias without its anchor fails here too: js-yaml tells its line.
    if (!(error instanceof Error) || !error.message.startsWith('Excessive')) return [];
    const message = `the YAML uses aliases (*name) over ${MAX_ALIAS_COUNT} times: write the values out`;
    return [{ code: 'too-many', field: '', line: 1, message }];
  }
}

function duplicates(
  node: ParsedNode | null,
  path: PropertyKey[],
  lineAt: (offset: number) => number,
): Problem[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => duplicates(item, [...path, index], lineAt));
  if (!isMap(node)) return [];
  const problems: Problem[] = [];
  const first = new Map<string, number>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const line = lineAt(key.range[0]);
    const before = first.get(name);
    if (before === undefined) first.set(name, line);
    else problems.push(duplicate(fieldName([...path, name]), line, before));
    problems.push(...duplicates(value, [...path, name], lineAt));
  }
  return problems;
}

function duplicate(field: string, line: number, before: number): Problem {
  return { code: 'duplicate-key', field, line, message: `is given twice, first on line ${before}: keep one` };
}

function offsetOf(root: ParsedNode | null, path: Path): number {
  let node: unknown = root;
  let offset = 0;
  for (const part of path) {
    if (isAlias(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part];
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
