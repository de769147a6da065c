import { countDeltas, isNewVersion, isRejected } from '../change-effects.js';
import type { Change } from '../contract.js';
import { encodeArticle, encodeSource } from '../row-encoding.js';
import type { SourceRow } from '../rows.js';

type Arguments = (string | number)[];

/**
 * Changes as `commit.lua` takes them: flat, since a script that has to parse costs the one thread of the server more
 * than all the rest of a commit. For each change:
 * - how many rows it read of sources and articles, how many it writes of each, how many events; what it adds to the
 *   counts of articles and sources;
 * - for each source read its key and value, empty for none; for each article read its id and revision, 0 for none;
 * - for each source written its key, whether it joins (1) or leaves (-1) the rejected ones, its value without time;
 * - for each article written its id, revision, time (empty: now), sequence, row, body;
 * - for each event all of its fields, and before the data which article of this change it is of, from 1 (0: none);
 *   empty data: that article's body.
 */
export function commitArguments(changes: readonly Change[]): Arguments {
  const args: Arguments = [changes.length];
  for (const change of changes) pushChange(args, change);
  return args;
}

/** A source's value in the hash. */
export function sourceValue(row: SourceRow): string {
  return `${row.at} ${encodeSource(row)}`;
}

function pushChange(args: Arguments, change: Change): void {
  const { expectedSources, expectedArticles, sources, articles, events } = change;
  const deltas = countDeltas(change);
  args.push(expectedSources.size, expectedArticles.size, sources.length, articles.length, events.length);
  args.push(deltas.articles, deltas.sources);
  for (const [key, row] of expectedSources) args.push(key, row ? sourceValue(row) : '');
  for (const [id, row] of expectedArticles) args.push(id, row?.revision ?? 0);
  for (const row of sources) {
    const joins = Number(isRejected(row)) - Number(isRejected(expectedSources.get(row.key) ?? null));
    args.push(row.key, joins, encodeSource(row));
  }
  const bodies = articles.map((row) => {
    const { text, body } = encodeArticle(row);
    const revision = (expectedArticles.get(row.id)?.revision ?? 0) + 1;
    args.push(row.id, revision, isNewVersion(change, row) ? '' : row.at, row.sequence, text, body);
    return body;
  });
  for (const event of events) {
    const index = articles.findIndex((row) => row.id === event.articleId);
    const data = event.data === bodies[index] ? '' : event.data;
    args.push(event.kind, event.id, event.articleId, event.version, event.subject, event.slug);
    args.push(event.contentHash, index + 1, data);
  }
}
