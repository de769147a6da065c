import type { ArticleRow, SourceRow } from '../rows.js';
import type { Database } from './database.js';
import { indexPrefix } from './index-key.js';
import {
  ARTICLE_COLUMNS,
  SOURCE_COLUMNS,
  parseArticle,
  parseSource,
  type ArticleRecord,
  type SourceRecord,
} from './rows.js';

const SOURCES_A_PAGE = 1000;
/** Fewer, since each comes with its body. */
const ARTICLES_A_PAGE = 50;

/** Rows in the order of a key, page by page, each page behind the last key of the one before. */
async function* pages<Record>(
  read: (after: string) => Promise<Record[]>,
  keyOf: (record: Record) => string,
  size: number,
): AsyncGenerator<Record[], void, void> {
  let after = '';
  for (;;) {
    const page = await read(after);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < size) return;
    after = keyOf(last);
  }
}

export async function* scanSources(
  db: Database,
  prefix: string,
): AsyncGenerator<readonly SourceRow[], void, void> {
  const indexed = indexPrefix(prefix);
  const read = (after: string) =>
    db.prepared<SourceRecord>(
      'scan_sources',
      `select ${SOURCE_COLUMNS} from @sources where key > $1 and key >= $2 and not gone order by key limit $3`,
      [after, indexed, SOURCES_A_PAGE],
    );
  for await (const page of pages(read, (record) => record.key, SOURCES_A_PAGE)) {
    const rows = page.map(parseSource).filter((row) => row.key.startsWith(prefix));
    if (rows.length > 0) yield rows;
    // In byte order all keys of one prefix stand together.
    if (page.at(-1)?.key.startsWith(indexed) !== true) return;
  }
}

export async function* scanRejected(db: Database): AsyncGenerator<readonly SourceRow[], void, void> {
  const read = (after: string) =>
    db.prepared<SourceRecord>(
      'scan_rejected',
      `select ${SOURCE_COLUMNS} from @sources where rejected and key > $1 order by key limit $2`,
      [after, SOURCES_A_PAGE],
    );
  for await (const page of pages(read, (record) => record.key, SOURCES_A_PAGE)) yield page.map(parseSource);
}

export async function* scanArticles(db: Database): AsyncGenerator<readonly ArticleRow[], void, void> {
  const read = (after: string) =>
    db.prepared<ArticleRecord>(
      'scan_articles',
      `select ${ARTICLE_COLUMNS} from @articles where id > $1 and live order by id limit $2`,
      [after, ARTICLES_A_PAGE],
    );
  for await (const page of pages(read, (record) => record.id, ARTICLES_A_PAGE)) yield page.map(parseArticle);
}
