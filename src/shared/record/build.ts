import type { Article, RecordBody, RecordImage } from './schema.js';
import { recordSchema } from './schema.js';

/** Keys in the order in which records are written: Postgres keeps no key order in job data. */
const RECORD_KEYS = Object.keys(recordSchema.shape) as (keyof RecordBody)[];

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
  const { declaredScores: _scores, images: _declared, ...said } = article;
  const parts: RecordBody = {
    ...said,
    source: { path: source.path, modifiedAt: isoOfNs(source.mtimeNs), bytes: source.bytes },
    images: [...images],
    ...scored,
  };
  return inSchemaOrder(parts);
}

function inSchemaOrder(parts: RecordBody): RecordBody {
  return Object.fromEntries(
    RECORD_KEYS.flatMap((key) => (parts[key] === undefined ? [] : [[key, parts[key]]])),
  ) as unknown as RecordBody;
}

function isoOfNs(ns: string): string {
  return new Date(Number(BigInt(ns) / 1_000_000n)).toISOString();
}
