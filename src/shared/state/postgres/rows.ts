import { decodeArticle, decodeSource } from '../row-encoding.js';
import type { ArticleRow, SourceRow } from '../rows.js';

/** `pg` gives a bigint as text. */
type BigIntText = string;

export interface SourceRecord {
  readonly key: string;
  readonly full_key: string | null;
  readonly at: BigIntText;
  readonly row: string;
}

export interface ArticleRecord {
  readonly id: string;
  readonly revision: BigIntText;
  readonly at: BigIntText;
  readonly sequence: BigIntText;
  readonly row: string;
  readonly body: string;
}

export const SOURCE_COLUMNS = 'key, full_key, at, row';
export const ARTICLE_COLUMNS = 'id, revision, at, sequence, row, body';

export function parseSource(record: SourceRecord): SourceRow {
  return decodeSource(record.full_key ?? record.key, Number(record.at), record.row);
}

export function parseArticle(record: ArticleRecord): ArticleRow {
  return decodeArticle({
    id: record.id,
    revision: Number(record.revision),
    at: Number(record.at),
    sequence: Number(record.sequence),
    text: record.row,
    body: record.body,
  });
}
