import { load, YAMLException } from 'js-yaml';
import { fieldName } from './excerpt.js';
import { MAX_DEPTH, type Path, plainCopy } from './plain.js';
import type { Problem } from './problem.js';
import { splitFrontMatter, type SplitText } from './split.js';
import { YAML_ERROR_MEANING, yamlDocument, type YamlDocument } from './yaml-document.js';
import { FRONT_MATTER_SCHEMA } from './yaml-schema.js';

/**
 * What only the `yaml` package judges well: anchors, aliases, tags, merge keys, complex keys and tabs. It may also match
 * in the middle of text (` *bold*`): that only costs time.
 */
const WANTS_CLOSER_LOOK = /(?:^|[\s[{,:?-])[&*!][^\s&]|\t|^ *(?:- +)*(?:<<|\?(?: |$))/m;

const YAML_OPTIONS = {
  schema: FRONT_MATTER_SCHEMA,
  json: false,
  // Stops js-yaml's recursion long before the stack ends; `plainCopy` then says which field it is.
  maxDepth: MAX_DEPTH * 4,
};

export interface FrontMatter {
  readonly ok: true;
  /** A tree of plain JSON without prototype tricks, that any store can hold. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Line of the file, from 1, of a field, or of the nearest there is on the way to it. Parses the text again. */
  lineOf(path: Path): number;
}

export type FrontMatterResult = FrontMatter | { readonly ok: false; readonly problems: Problem[] };

/**
 * The front matter of a text as data, and its body; or what is wrong with it, each with its line. Front matter is data:
 * no language but YAML and JSON, nothing in it is ever evaluated. Line ends of any kind become line feeds. Never throws.
 */
export function readFrontMatter(text: string): FrontMatterResult {
  const start = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const split = splitFrontMatter(start.includes('\r') ? start.replace(/\r\n?/g, '\n') : start);
  if (!split.ok) return split;
  const located = lazily(() => yamlDocument(split.source));
  const loaded =
    split.language === 'json' ? loadJson(split.source, located) : loadYaml(split.source, located);
  return 'problems' in loaded
    ? { ok: false, problems: loaded.problems }
    : asFields(loaded.data, split, located);
}

type Loaded = { readonly data: unknown } | { readonly problems: Problem[] };

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function loadYaml(source: string, located: () => YamlDocument): Loaded {
  if (WANTS_CLOSER_LOOK.test(source) && located().problems.length > 0) {
    return { problems: [...located().problems] };
  }
  try {
    return { data: load(source, YAML_OPTIONS) };
  } catch (error) {
    const { problems } = located();
    return { problems: problems.length > 0 ? [...problems] : [onlyByJsYaml(error)] };
  }
}

/** For what js-yaml refuses and the `yaml` package takes. Only its fixed reasons are quoted, never the source. */
function onlyByJsYaml(error: unknown): Problem {
  const line = error instanceof YAMLException ? (error.mark?.line ?? 0) + 1 : 1;
  const reason = error instanceof YAMLException ? error.reason : 'nested too deep';
  if (/nest|deep/.test(reason))
    return { code: 'too-deep', field: '', line, message: 'the YAML is nested too deep' };
  const said = reason.replace(/["'<:].*$/s, '').trim();
  if (said === 'duplicated mapping key') {
    return {
      code: 'duplicate-key',
      field: '',
      line,
      message: 'a field is given twice in one place: keep one',
    };
  }
  const meaning = JS_YAML_MEANING[said] ?? said;
  return { code: 'yaml', field: '', line, message: `the YAML cannot be read: ${meaning}` };
}

const JS_YAML_MEANING: Readonly<Partial<Record<string, string>>> = {
  'the stream contains non-printable characters': 'it holds a control character',
  'unidentified alias': YAML_ERROR_MEANING.BAD_ALIAS,
  'unknown tag !': YAML_ERROR_MEANING.TAG_RESOLVE_FAILED,
};

function loadJson(source: string, located: () => YamlDocument): Loaded {
  const failure = jsonError(source);
  if (failure !== undefined) {
    const line = lineOfJsonError(source);
    return { problems: [{ code: 'json', field: '', line, message: 'the JSON cannot be read' }] };
  }
  const data: unknown = JSON.parse(source);
  const twice = jsonDuplicates(source, located);
  return twice.length > 0 ? { problems: twice } : { data };
}

function jsonError(source: string): string | undefined {
  try {
    JSON.parse(source);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * V8 tells the place of an error only sometimes. What is cut off before the error fails for being cut off, so the first
 * line with which it fails for another reason is the line of the error.
 */
function lineOfJsonError(source: string): number {
  const lines = source.split('\n');
  const failsBeforeEnd = (count: number): boolean => {
    const start = lines.slice(0, count).join('\n');
    const reason = jsonError(start) ?? '';
    return (
      reason !== '' &&
      !/end of JSON|Unterminated/.test(reason) &&
      !reason.includes(`position ${start.length}`)
    );
  };
  let low = 1;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (failsBeforeEnd(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** JSON.parse takes the last of two fields of one name in silence; as YAML, which JSON is, it is a mistake. */
function jsonDuplicates(source: string, located: () => YamlDocument): Problem[] {
  const named = located().problems.filter(({ code }) => code === 'duplicate-key');
  if (named.length > 0) return named;
  try {
    load(source, YAML_OPTIONS);
    return [];
  } catch (error) {
    const twice = error instanceof YAMLException && error.reason === 'duplicated mapping key';
    return twice ? [onlyByJsYaml(error)] : [];
  }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asFields(data: unknown, split: SplitText, located: () => YamlDocument): FrontMatterResult {
  const { value, refusals } = plainCopy(data ?? {});
  if (refusals.length > 0) {
    const problems = refusals.map(({ path, code, message }) => {
      return { code, field: fieldName(path), line: located().lineOf(path), message };
    });
    return { ok: false, problems };
  }
  if (isFields(value)) {
    return { ok: true, data: value, body: split.body, lineOf: (path) => located().lineOf(path) };
  }
  const found = Array.isArray(value) ? 'a list' : 'text';
  const message = `the front matter must be fields (name: value), not ${found}`;
  return {
    ok: false,
    problems: [{ code: 'wrong-type', field: '', line: 2, message, expected: 'fields', found }],
  };
}
