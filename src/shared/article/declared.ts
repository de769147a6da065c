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
  'missing' | 'too-long' | 'bad-date' | 'bad-url' | 'bad-type' | 'bad-language' | 'bad-secured';

/** What a rule says to `issues.ts`: the message of every issue in this file is what was expected. */
export interface RuleParams {
  readonly rule: RuleCode;
  readonly detail?: string;
}

function refuse(context: z.RefinementCtx, expected: string, params: RuleParams): typeof z.NEVER {
  context.addIssue({ code: 'custom', message: expected, params: { ...params } });
  return z.NEVER;
}

/** `title: 2024` is a title. Only integers: of `1.10` the number no longer knows how it was written. */
function integerAsText(value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) ? String(value) : value;
}

/** Templates write fields that they have no value for as `name:` or `name: ""`. */
function blankAsAbsent(value: unknown): unknown {
  return value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value;
}

function optional<S extends z.ZodType>(schema: S) {
  return z.preprocess(blankAsAbsent, schema.optional());
}

/** A string with a rule that turns it into what the record says. */
function text<T>(expected: string, rule: (value: string, context: z.RefinementCtx) => T) {
  return z.preprocess(integerAsText, z.string({ error: expected })).transform(rule);
}

function line(expected: string, maxCharacters: number, clean: (value: string) => string = foldText) {
  return text(expected, (value, context) => {
    const cleaned = clean(value);
    if (cleaned === '') return refuse(context, expected, { rule: 'missing' });
    if (cleaned.length <= maxCharacters) return cleaned;
    const detail = `it has ${cleaned.length} characters, at most ${maxCharacters} are taken`;
    return refuse(context, expected, { rule: 'too-long', detail });
  });
}

/** As `line`, but a text of which nothing is left (`&nbsp;`) is as good as none. */
function optionalLine(expected: string, maxCharacters: number, clean: (value: string) => string = foldText) {
  const blank = (value: unknown): unknown =>
    value === null || (typeof value === 'string' && clean(value) === '') ? undefined : value;
  return z.preprocess(blank, line(expected, maxCharacters, clean).optional());
}

const name = (expected: string) => line(expected, LIMITS.nameCharacters);
const count = (expected: string) => optional(z.number({ error: expected }).nonnegative({ error: expected }));
const flag = () => optional(z.boolean({ error: 'true or false' }));

function list<S extends z.ZodType>(item: S, expected: string, max: number) {
  return z.array(item, { error: expected }).max(max, { error: `at most ${max}` });
}

/** Absent, null and an empty list are the same: none. */
function optionalList<S extends z.ZodType>(item: S, expected: string, max: number) {
  return optional(list(item, expected, max));
}

const webUrl = optional(
  text('an http or https address', (value, context) => {
    const parsed = parseWebUrl(value);
    if ('url' in parsed) return value.trim();
    return refuse(context, 'an http or https address', { rule: 'bad-url', detail: parsed.problem });
  }),
);

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/**
 * A picture's address is kept as declared: a page of the site (`/assets/a.png`) is one as well, and one that cannot be
 * fetched marks its picture as failed, never its article. Only other schemes (`javascript:`, `data:`, `file:`) are no
 * address of a picture at all.
 */
const imageUrl = text('an http or https address, or a path of the site', (value, context) => {
  const expected = 'an http or https address, or a path of the site';
  const url = foldText(value);
  if (url === '') return refuse(context, expected, { rule: 'missing' });
  if (url.length > MAX_URL_LENGTH) {
    const detail = `it is longer than ${MAX_URL_LENGTH} characters`;
    return refuse(context, expected, { rule: 'too-long', detail });
  }
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'http' || scheme === 'https') return url;
  return refuse(context, expected, { rule: 'bad-url', detail: `${scheme}: is not http or https` });
});

const HOST_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

const domain = optional(
  text('a host name, as example.com', (value, context) => {
    const host = foldText(value);
    if (host.length <= LIMITS.domainCharacters && HOST_NAME.test(host)) return host;
    return refuse(context, 'a host name, as example.com', { rule: 'bad-url' });
  }),
);

function fieldsOf<S extends z.ZodRawShape>(shape: S, expected: string) {
  return z.looseObject(shape, { error: expected }).transform(withoutUndefined);
}

const image = fieldsOf(
  {
    url: imageUrl,
    width: count('a width in pixels'),
    height: count('a height in pixels'),
    title: optionalLine('a title', LIMITS.titleCharacters, cleanText),
    isCached: flag(),
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
const type = optional(
  text('one word, as article or video', (value, context) => {
    const word = foldText(value).toLowerCase();
    return WORD.test(word) ? word : refuse(context, 'one word, as article or video', { rule: 'bad-type' });
  }),
);

const LANGUAGE_TAG = /^[a-z]{2,8}(?:[-_][a-z0-9]{1,8}){0,4}$/i;

const languageTag = optional(
  text('a language, as en or en-US', (value, context) => {
    const tag = foldText(value);
    return LANGUAGE_TAG.test(tag)
      ? tag
      : refuse(context, 'a language, as en or en-US', { rule: 'bad-language' });
  }),
);

const SECURED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?;[A-Za-z0-9+/]{22}==$/;

/** Ciphertext that nobody downstream can read: its form is checked, and it is carried as it is. */
const secured = optional(
  text('base64 ciphertext, a semicolon and a base64 IV of 16 bytes', (value, context) => {
    if (value.length <= LIMITS.securedCharacters && SECURED.test(value) && !value.startsWith(';'))
      return value;
    const expected = 'base64 ciphertext, a semicolon and a base64 IV of 16 bytes';
    return refuse(context, expected, { rule: 'bad-secured' });
  }),
);

function moment(timeZone: string | undefined) {
  const expected = 'a real date, as 2026-01-31 or 2026-01-31T18:20:00Z';
  const options = timeZone === undefined ? {} : { timeZone };
  return optional(
    text(expected, (value, context) => {
      const parsed = parseMoment(value, options);
      if ('iso' in parsed) return parsed.iso;
      return refuse(context, expected, { rule: 'bad-date', detail: parsed.problem });
    }),
  );
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
    published: flag(),
    secured,
  });
}

export type Declared = z.infer<ReturnType<typeof declaredSchema>>;
