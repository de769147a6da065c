import type { Article, DeclaredImage, RecordBody, RecordImage } from './schema.js';
import { articleSchema, recordSchema } from './schema.js';

/** Keys in the order in which records are written: Postgres keeps no key order in job data. */
const RECORD_KEYS = Object.keys(recordSchema.shape) as (keyof RecordBody)[];

type Values = { [K in keyof RecordBody]?: unknown };

export interface RecordParts {
  readonly article: Article;
  readonly images: readonly RecordImage[];
  readonly source: {
    readonly path: string;
    readonly bytes: number;
    /** Nanoseconds since the epoch, decimal. */
    readonly mtimeNs: string;
  };
  readonly scored: Pick<RecordBody, 'quality' | 'heat' | 'published' | 'scores'>;
}

/** Puts a record together, all but what the commit gives it: id, version, content hash, slug and time. */
export function buildRecordBody({ article, images, source, scored }: RecordParts): RecordBody {
  const measured = {
    source: { path: source.path, modifiedAt: isoOfNs(source.mtimeNs), bytes: source.bytes },
    images,
    ...scored,
  };
  const said: Values = article;
  const body: Values = {};
  for (const key of RECORD_KEYS) {
    const value = key in measured ? measured[key as keyof typeof measured] : said[key];
    if (value !== undefined) body[key] = value;
  }
  return body as RecordBody;
}

const ARTICLE_KEYS = Object.keys(articleSchema.shape) as (keyof Article)[];

/**
 * The article that a record was made from: what `buildRecordBody` was given, but for its pictures, of which a record has
 * what they turned out to be.
 * @param images the pictures as its file declares them
 */
export function articleOfRecord(body: RecordBody, images: readonly DeclaredImage[]): Article {
  const values: { [key: string]: unknown } = { ...body, images, declaredScores: body.scores.declared };
  const entries = ARTICLE_KEYS.map((key) => [key, values[key]]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Article;
}

/** A time in nanoseconds since the epoch, decimal, as a moment of a record. */
export function isoOfNs(ns: string): string {
  return new Date(Number(BigInt(ns) / 1_000_000n)).toISOString();
}
