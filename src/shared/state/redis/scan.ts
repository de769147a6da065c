import { Cluster } from 'ioredis';
import type { ArticleRow, SourceRow } from '../rows.js';
import { literalPattern, type StateKeys } from './keys.js';
import { parseArticle, parseSource } from './rows.js';
import type { RedisClient } from './scripts.js';

/** Rows asked for at a time. Redis may answer with some more, and with a row twice while the hash grows. */
const SOURCES_A_PAGE = 500;
/** Fewer, since each comes with its body. */
const ARTICLES_A_PAGE = 50;

type Pairs = readonly (readonly [field: string, value: string])[];

async function* scanHash(
  client: RedisClient,
  key: string,
  pattern: string,
  count: number,
): AsyncGenerator<Pairs, void, void> {
  let cursor = '0';
  do {
    const [next, flat] = await client.hscan(key, cursor, 'MATCH', pattern, 'COUNT', count);
    cursor = next;
    const pairs: (readonly [string, string])[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? '']);
    if (pairs.length > 0) yield pairs;
  } while (cursor !== '0');
}

export async function* scanSources(
  client: RedisClient,
  keys: StateKeys,
  prefix: string,
): AsyncGenerator<readonly SourceRow[], void, void> {
  const pattern = `${literalPattern(prefix)}*`;
  for await (const pairs of scanHash(client, keys.sources, pattern, SOURCES_A_PAGE)) {
    const rows = pairs.map(([key, value]) => parseSource(key, value)).filter((row) => !row.gone);
    if (rows.length > 0) yield rows;
  }
}

export async function* scanRejected(
  client: RedisClient,
  keys: StateKeys,
): AsyncGenerator<readonly SourceRow[], void, void> {
  let cursor = '0';
  do {
    const [next, names] = await client.sscan(keys.rejected, cursor, 'COUNT', SOURCES_A_PAGE);
    cursor = next;
    const values = names.length > 0 ? await client.hmget(keys.sources, ...names) : [];
    const rows = names.flatMap((key, i) => {
      const value = values[i];
      return value == null ? [] : [parseSource(key, value)];
    });
    if (rows.length > 0) yield rows;
  } while (cursor !== '0');
}

export async function* scanArticles(
  client: RedisClient,
  keys: StateKeys,
): AsyncGenerator<readonly ArticleRow[], void, void> {
  for await (const pairs of scanHash(client, keys.articles, '*', ARTICLES_A_PAGE)) {
    const rows = pairs.map(([id, value]) => parseArticle(id, value)).filter((row) => row.claim !== null);
    if (rows.length > 0) yield rows;
  }
}

/** Removes every key that matches, on each node of a cluster. */
export async function unlinkAll(client: RedisClient, pattern: string): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  for (const node of nodes) {
    let cursor = '0';
    do {
      const [next, found] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
      cursor = next;
      if (found.length > 0) await node.unlink(...found);
    } while (cursor !== '0');
  }
}
