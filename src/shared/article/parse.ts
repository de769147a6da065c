import type { Article } from '../record/schema.js';
import { type Declared, declaredSchema, isBlank, LIMITS } from './declared.js';
import { readFrontMatter } from './front-matter.js';
import { fieldProblem, inFileOrder, type PlacedProblem, problemsOf } from './issues.js';
import { withoutUndefined } from './plain.js';
import type { Problem } from './problem.js';
import { cleanBody } from './text.js';
import { canonicalUrl, parseWebUrl } from './urls.js';
import { countWords } from './words.js';

export interface ParseOptions {
  /** What the body is written in; `markdown` when absent. */
  readonly format?: 'markdown' | 'html';
  /** IANA name of the zone of dates that have none; UTC when absent. Must exist (`isTimeZone`). */
  readonly timeZone?: string;
  /** How many topics a file may have; 100 when absent. */
  readonly maxTopics?: number;
}

export type ParsedArticle =
  { readonly ok: true; readonly article: Article } | { readonly ok: false; readonly problems: Problem[] };

const DEFAULT_TYPE = 'article';

/** News is dated and lives at an address; courses and collections have no date, and some kinds no address. */
const DATED_TYPES: ReadonlySet<string> = new Set(['article', 'video', 'download']);

type DeclaredSchema = ReturnType<typeof declaredSchema>;
const compiled = new Map<string, DeclaredSchema>();

/** Compiling takes a thousand times as long as using it, and one process has one configuration. */
function schemaFor(options: ParseOptions): DeclaredSchema {
  const { timeZone, maxTopics = LIMITS.topics } = options;
  const key = `${maxTopics} ${timeZone ?? ''}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const made = declaredSchema({ timeZone, maxTopics });
  compiled.set(key, made);
  return made;
}

/** What the type of an article asks for. Looks at what was declared, so that it is told beside all other problems. */
function missingForType(data: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const declared = isBlank(data['type']) ? DEFAULT_TYPE : data['type'];
  const type = typeof declared === 'string' ? declared.trim().toLowerCase() : '';
  if (!DATED_TYPES.has(type)) return [];
  const missing: PlacedProblem[] = [];
  const ask = (field: string, expected: string): void => {
    const path = [field];
    missing.push({ path, problem: fieldProblem('missing', path, expected) });
  };
  if (isBlank(data['publishedDateTime'])) {
    ask('publishedDateTime', `the date of the ${type}, as 2026-01-31T18:20:00Z`);
  }
  if (isBlank(data['webUrl']) && isBlank(data['originalUrl'])) {
    ask('webUrl', `the http or https address of the ${type}, here or as originalUrl`);
  }
  return missing;
}

/**
 * The address that an article is known by. `webUrl` is where readers find the page; `originalUrl`, what the feed gave,
 * may be a redirect or a copy, so it only stands in.
 */
function canonicalOf(declared: Declared): string | undefined {
  const address = declared.webUrl ?? declared.originalUrl;
  const parsed = address === undefined ? undefined : parseWebUrl(address);
  return parsed !== undefined && 'url' in parsed ? canonicalUrl(parsed.url) : undefined;
}

function bodyOf(raw: string, format: 'markdown' | 'html'): Article['body'] {
  const text = cleanBody(raw);
  return text.trim() === '' ? undefined : { format, text, words: countWords(text) };
}

function declaredScoresOf({ quality, heat, published }: Declared): Article['declaredScores'] {
  const scores = withoutUndefined({ quality, heat, published });
  return Object.keys(scores).length === 0 ? undefined : scores;
}

/** Fields that a rule names; all others are `extra`. */
const NAMED: ReadonlySet<string> = new Set(Object.keys(declaredSchema({ maxTopics: 0 }).shape));

function extraOf(declared: Declared): Record<string, unknown> {
  const extra: Record<string, unknown> = {};
  for (const key of Object.keys(declared)) if (!NAMED.has(key)) extra[key] = declared[key];
  return extra;
}

/** The article, its fields in schema order. */
function articleOf(declared: Declared, body: Article['body']): Article {
  return withoutUndefined<Article>({
    category: declared.category,
    title: declared.title,
    excerpt: declared.excerpt,
    publishedDateTime: declared.publishedDateTime,
    type: declared.type ?? DEFAULT_TYPE,
    locale: declared.locale,
    language: declared.language,
    originalUrl: declared.originalUrl,
    webUrl: declared.webUrl,
    canonicalUrl: canonicalOf(declared),
    ampWebUrl: declared.ampWebUrl,
    cdnAmpWebUrl: declared.cdnAmpWebUrl,
    provider: declared.provider,
    topics: declared.topics,
    body,
    images: declared.images ?? [],
    related: declared.related ?? [],
    declaredScores: declaredScoresOf(declared),
    secured: declared.secured,
    extra: extraOf(declared),
  });
}

/**
 * A text as a validated, normalised article, or everything that is wrong with it, each with field and line, what was
 * expected and what was found. `secured` appears in no message. Pure, never throws but `RangeError` for a `timeZone`
 * that does not exist.
 */
export function parseArticle(text: string, options: ParseOptions = {}): ParsedArticle {
  const front = readFrontMatter(text);
  if (!front.ok) return front;
  const { data, body } = front;
  const parsed = schemaFor(options).safeParse(data);
  const placed = [...(parsed.success ? [] : problemsOf(parsed.error.issues, data)), ...missingForType(data)];
  if (!parsed.success || placed.length > 0)
    return { ok: false, problems: inFileOrder(placed, (path) => front.lineOf(path)) };
  return { ok: true, article: articleOf(parsed.data, bodyOf(body, options.format ?? 'markdown')) };
}
