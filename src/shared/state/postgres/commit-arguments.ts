import { countDeltas, isNewVersion, isRejected } from '../change-effects.js';
import type { Change } from '../contract.js';
import { encodeArticle, encodeSource } from '../row-encoding.js';
import { withoutNul } from './clean-text.js';
import type { SqlValue } from './database.js';
import { indexKey } from './index-key.js';

type Column = (string | number | boolean | null)[];

/** Parallel arrays of one kind of row, one for each of `n` columns. */
class Columns {
  readonly arrays: readonly Column[];

  constructor(n: number) {
    this.arrays = Array.from({ length: n }, () => []);
  }

  push(...values: Column): void {
    this.arrays.forEach((array, i) => {
      const value = values[i] ?? null;
      array.push(typeof value === 'string' ? withoutNul(value) : value);
    });
  }
}

/**
 * Changes as the function `apply_changes` takes them, after `synchronous`: counts, sources read, articles read, sources
 * written, articles written, events; each a group of parallel arrays.
 */
export function commitArguments(changes: readonly Change[]): SqlValue[] {
  const deltas = new Columns(3);
  const readSources = new Columns(4);
  const readArticles = new Columns(3);
  const sources = new Columns(6);
  const articles = new Columns(7);
  const events = new Columns(9);

  changes.forEach((change, index) => {
    const delta = countDeltas(change);
    deltas.push(delta.articles, delta.sources, delta.rejected);
    for (const [key, row] of change.expectedSources) {
      readSources.push(index, indexKey(key), row?.at ?? null, row ? encodeSource(row) : null);
    }
    for (const [id, row] of change.expectedArticles) readArticles.push(index, id, row?.revision ?? 0);
    for (const row of change.sources) {
      const key = indexKey(row.key);
      sources.push(
        index,
        key,
        key === row.key ? null : row.key,
        row.gone,
        isRejected(row),
        encodeSource(row),
      );
    }
    pushArticles(articles, events, change, index);
  });
  return [deltas, readSources, readArticles, sources, articles, events].flatMap(({ arrays }) => arrays);
}

function pushArticles(articles: Columns, events: Columns, change: Change, index: number): void {
  const bodies = new Map<string, string>();
  for (const row of change.articles) {
    const { text, body } = encodeArticle(row);
    bodies.set(row.id, body);
    const at = isNewVersion(change, row) ? null : row.at;
    articles.push(index, row.id, row.claim !== null, at, row.sequence, text, body);
  }
  for (const event of change.events) {
    const { kind, id, articleId, version, subject, slug, contentHash } = event;
    // The body is sent once, for the row and its event.
    const data = event.data === bodies.get(articleId) ? null : event.data;
    events.push(index, kind, id, articleId, version, subject, slug, contentHash, data);
  }
}
