import { z } from 'zod';
import { parseMoment } from './dates.js';
import { withoutUndefined } from './plain.js';
import { cleanText, foldText } from './text.js';
import { MAX_URL_LENGTH, parseWebUrl } from './urls.js';

/**
 * Caps on what a file may declare. They are far above what real files have (in brackets, the largest of 450) and keep a
 * hostile file from filling records, queues and indexes.
 */
export const LIMITS = Object.freeze({
  /** [150] */
  titleCharacters: 1000,
  /** [480] */
  excerptCharacters: 10_000,
  /** Names of providers and authors, categories, topics. [64] */
  nameCharacters: 200,
  /** The longest name that DNS knows. [26] */
  domainCharacters: 253,
  /** Each topic is a counter of its own in the projections. [4] */
  topics: 100,
  /** Each picture is a job and a fetch: without a cap a file could turn Galley against a host. [1] */
  images: 100,
  related: 100,
  providerImages: 20,
  authors: 100,
  /** [561] */
  securedCharacters: 65_536,
});

/** Codes of problems that a rule of ours finds; those that zod finds itself are named in `issues.ts`. */
export type RuleCode =
  | 'missing'
  | 'wrong-type'
  | 'too-long'
  | 'bad-number'
  | 'bad-date'
  | 'bad-url'
  | 'bad-type'
  | 'bad-language'
  | 'bad-secured';

/** What a rule says to `issues.ts`: the message of every issue in this file is what was expected. */
export interface RuleParams {
  readonly rule: RuleCode;
  readonly detail?: string;
}

type Refuse = (rule: RuleCode, detail?: string) => typeof z.NEVER;

/** Turns what a field holds into what the record says, or refuses it. */
type Rule<In, Out> = (value: In, refuse: Refuse) => Out;

/** Templates write fields that they have no value for as `name:` or `name: ""`. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/**
 * One step for each field: chains of preprocess, string, transform and optional took three times as long, and this is
 * where an article without pictures spends most of its time beside YAML.
 */
function leaf<T>(expected: string, rule: Rule<unknown, T>) {
  return z.transform((value: unknown, context): T => {
    const refuse: Refuse = (code, detail) => {
      const params: RuleParams = detail === undefined ? { rule: code } : { rule: code, detail };
      context.issues.push({ code: 'custom', input: value, message: expected, params: { ...params } });
      return z.NEVER;
    };
    return rule(value, refuse);
  });
}

function readText<T>(value: unknown, refuse: Refuse, rule: Rule<string, T>): T {
  if (typeof value === 'string') return rule(value, refuse);
  // `title: 2024` is a title. Only integers: of `1.10` the number no longer knows how it was written.
  if (typeof value === 'number' && Number.isInteger(value)) return rule(String(value), refuse);
  return refuse('wrong-type');
}

function text<T>(expected: string, rule: Rule<string, T>) {
  return leaf(expected, (value, refuse) => {
    return isBlank(value) ? refuse('missing') : readText(value, refuse, rule);
  });
}

function optionalText<T>(expected: string, rule: Rule<string, T>) {
  return leaf(expected, (value, refuse) => (isBlank(value) ? undefined : readText(value, refuse, rule)));
}

function capped(value: string, maxCharacters: number, refuse: Refuse): string {
  if (value.length <= maxCharacters) return value;
  return refuse('too-long', `it has ${value.length} characters, at most ${maxCharacters} are taken`);
}

type Clean = (value: string) => string;

function line(expected: string, maxCharacters: number, clean: Clean = foldText) {
  return text(expected, (value, refuse) => {
    const cleaned = clean(value);
    return cleaned === '' ? refuse('missing') : capped(cleaned, maxCharacters, refuse);
  });
}

/** As `line`, but a text of which nothing is left (`&nbsp;`) is as good as none. */
function optionalLine(expected: string, maxCharacters: number, clean: Clean = foldText) {
  return optionalText(expected, (value, refuse) => {
    const cleaned = clean(value);
    return cleaned === '' ? undefined : capped(cleaned, maxCharacters, refuse);
  });
}

function optional<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (isBlank(value) ? undefined : value), schema.optional());
}

const name = (expected: string) => line(expected, LIMITS.nameCharacters);

/** A number, zero or more. */
function count(expected: string) {
  return leaf(expected, (value, refuse) => {
    if (isBlank(value)) return undefined;
    if (typeof value !== 'number') return refuse('wrong-type');
    return value >= 0 ? value : refuse('bad-number', 'it is less than zero');
  });
}

const flag = leaf('true or false', (value, refuse) => {
  if (isBlank(value)) return undefined;
  return typeof value === 'boolean' ? value : refuse('wrong-type');
});

function list<S extends z.ZodType>(item: S, expected: string, max: number) {
  return z.array(item, { error: expected }).max(max, { error: `at most ${max}` });
}

/** Absent, null and an empty list are the same: none. */
function optionalList<S extends z.ZodType>(item: S, expected: string, max: number) {
  return optional(list(item, expected, max));
}

const webUrl = optionalText('an http or https address', (value, refuse) => {
  const parsed = parseWebUrl(value);
  return 'url' in parsed ? value.trim() : refuse('bad-url', parsed.problem);
});

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/**
 * A picture's address is kept as declared: a path of the site (`/assets/a.png`) is one as well, and one that cannot be
 * fetched marks its picture as failed, never its article. Only other schemes (`javascript:`, `data:`, `file:`) are no
 * address of a picture at all.
 */
const imageUrl = text('an http or https address, or a path of the site', (value, refuse) => {
  const url = foldText(value);
  if (url === '') return refuse('missing');
  const scheme = SCHEME.exec(url.slice(0, 64))?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'http' || scheme === 'https')
    return capped(url, MAX_URL_LENGTH, refuse);
  return refuse('bad-url', `${scheme}: is not http or https`);
});

const HOST_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

const domain = optionalText('a host name, as example.com', (value, refuse) => {
  const host = foldText(value);
  return host.length <= LIMITS.domainCharacters && HOST_NAME.test(host) ? host : refuse('bad-url');
});

function fieldsOf<S extends z.ZodRawShape>(shape: S, expected: string) {
  return z.looseObject(shape, { error: expected }).transform(withoutUndefined);
}

const image = fieldsOf(
  {
    url: imageUrl,
    width: count('a width in pixels'),
    height: count('a height in pixels'),
    title: optionalLine('a title', LIMITS.titleCharacters, cleanText),
    isCached: flag,
  },
  'a picture with its url',
);

const provider = fieldsOf(
  {
    name: name('the name of who published it'),
    domain,
    images: optionalList(image, 'a list of pictures', LIMITS.providerImages),
    authors: optionalList(
      fieldsOf({ name: name('the name of an author') }, 'an author with a name'),
      'a list of authors',
      LIMITS.authors,
    ),
  },
  'who published it, with a name',
);

const WORD = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * The kinds in use are article, video, download, course, collection and newsletter, but a site may have more: nothing in
 * the pipeline depends on the list being closed, so any word is taken, in lower case.
 */
const type = optionalText('one word, as article or video', (value, refuse) => {
  const word = foldText(value).toLowerCase();
  return WORD.test(word) ? word : refuse('bad-type');
});

const LANGUAGE_TAG = /^[a-z]{2,8}(?:[-_][a-z0-9]{1,8}){0,4}$/i;

const languageTag = optionalText('a language, as en or en-US', (value, refuse) => {
  const tag = foldText(value);
  return LANGUAGE_TAG.test(tag) ? tag : refuse('bad-language');
});

const SECURED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?;[A-Za-z0-9+/]{22}==$/;

/** Ciphertext that nobody downstream can read: its form is checked, and it is carried as it is. */
const secured = optionalText(
  'base64 ciphertext, a semicolon and a base64 IV of 16 bytes',
  (value, refuse) => {
    const fits = value.length <= LIMITS.securedCharacters && !value.startsWith(';') && SECURED.test(value);
    return fits ? value : refuse('bad-secured');
  },
);

function moment(timeZone: string | undefined) {
  const options = timeZone === undefined ? {} : { timeZone };
  return optionalText('a real date, as 2026-01-31 or 2026-01-31T18:20:00Z', (value, refuse) => {
    const parsed = parseMoment(value, options);
    return 'iso' in parsed ? parsed.iso : refuse('bad-date', parsed.problem);
  });
}

function relatedEntry(timeZone: string | undefined) {
  return fieldsOf(
    {
      title: line('a title', LIMITS.titleCharacters, cleanText),
      excerpt: optionalLine('an excerpt', LIMITS.excerptCharacters, cleanText),
      publishedDateTime: moment(timeZone),
      originalUrl: webUrl,
      webUrl,
      type,
      provider: optional(provider),
      quality: count('a number'),
      images: optionalList(image, 'a list of pictures', LIMITS.images),
    },
    'an article with its title',
  );
}

export interface DeclaredOptions {
  /** IANA name of the zone of dates that have none; UTC when absent. */
  readonly timeZone?: string | undefined;
  readonly maxTopics: number;
}

/**
 * Front matter as a file declares it: checked and normalised in one pass, field by field, so that everything that is
 * wrong is told at once. What depends on several fields is in `parse.ts`. Fields that no rule names pass unchanged.
 */
export function declaredSchema({ timeZone, maxTopics }: DeclaredOptions) {
  return z.looseObject({
    category: optionalLine('a category', LIMITS.nameCharacters),
    title: line('a title', LIMITS.titleCharacters, cleanText),
    excerpt: optionalLine('an excerpt', LIMITS.excerptCharacters, cleanText),
    publishedDateTime: moment(timeZone),
    type,
    locale: languageTag,
    language: languageTag,
    originalUrl: webUrl,
    webUrl,
    ampWebUrl: webUrl,
    cdnAmpWebUrl: webUrl,
    provider,
    // An empty list is a statement, and costs points; only saying nothing is a mistake.
    topics: list(name('a topic'), 'a list of topics', maxTopics),
    images: optionalList(image, 'a list of pictures', LIMITS.images),
    related: optionalList(relatedEntry(timeZone), 'a list of articles', LIMITS.related),
    quality: count('a number'),
    heat: count('a number'),
    published: flag,
    secured,
  });
}

export type Declared = z.infer<ReturnType<typeof declaredSchema>>;
