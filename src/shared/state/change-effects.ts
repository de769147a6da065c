import type { Change } from './contract.js';
import type { ArticleRow, SourceRow } from './rows.js';

/** What a change does to the counts of live articles, of sources that are there, and of those last found bad. */
export interface CountDeltas {
  readonly articles: number;
  readonly sources: number;
  readonly rejected: number;
}

/**
 * Counts move by what the change says it found and leaves, which is sound because it is applied only if it found it so.
 *
 * @throws TypeError for a change that writes a row it has not read: that could not be applied conditionally.
 */
export function countDeltas(change: Change): CountDeltas {
  const deltas = { articles: 0, sources: 0, rejected: 0 };
  for (const row of change.sources) {
    const before = expected(change.expectedSources, row.key);
    deltas.sources += Number(isPresent(row)) - Number(isPresent(before));
    deltas.rejected += Number(isRejected(row)) - Number(isRejected(before));
  }
  for (const row of change.articles) {
    const before = expected(change.expectedArticles, row.id);
    deltas.articles += Number(row.claim !== null) - Number(before !== null && before.claim !== null);
  }
  return deltas;
}

/** Whether this row's `at` is that of the commit: it is the time of the version, so only where the version is new. */
export function isNewVersion(change: Change, row: ArticleRow): boolean {
  return expected(change.expectedArticles, row.id)?.version !== row.version;
}

/** Whether a source is there and its last reading was bad. */
export function isRejected(row: SourceRow | null): boolean {
  return isPresent(row) && row?.problems !== null;
}

function isPresent(row: SourceRow | null): boolean {
  return row !== null && !row.gone;
}

function expected<Row>(rows: ReadonlyMap<string, Row | null>, key: string): Row | null {
  const row = rows.get(key);
  if (row === undefined) throw new TypeError('A change writes a row that it has not read.');
  return row;
}
