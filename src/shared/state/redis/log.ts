import type { EventKind } from '../../events/event.js';
import type { LogEntry } from '../../events/log-entry.js';
import type { LogExtent, StateStore, TrimLimits } from '../contract.js';
import { searchNumberBefore } from '../log-search.js';
import type { StateKeys } from './keys.js';
import { serverTime, type RedisClient, type StateScripts } from './scripts.js';

type LogMethods = Pick<StateStore, 'logExtent' | 'readLog' | 'numberBefore' | 'trimLog' | 'skipLogTo'>;

/** The event log: a stream whose ids are the numbers. */
export function redisLog(client: RedisClient, keys: StateKeys, scripts: StateScripts): LogMethods {
  async function logExtent(): Promise<LogExtent> {
    const [first, last] = await client.hmget(keys.meta, 'first', 'last');
    return { first: Number(first ?? 1), last: Number(last ?? 0) };
  }

  async function readLog(after: number, limit: number): Promise<LogEntry[]> {
    if (limit <= 0) return [];
    const entries = await client.xrange(keys.log, `${after + 1}-0`, '+', 'COUNT', limit);
    return entries.map(([id, fields]) => parseEntry(id, fields));
  }

  async function probe(number: number) {
    const [entry] = await readLog(number - 1, 1);
    return entry ?? null;
  }

  async function numberBefore(time: number): Promise<number> {
    return searchNumberBefore(time, await logExtent(), probe);
  }

  async function trimLog(limits: TrimLimits): Promise<number> {
    const tooOld = await numberBefore((await serverTime(client)) - limits.maxAgeMs);
    const gone = await scripts.trimLog(
      [keys.meta, keys.log, keys.sinks],
      limits.keepDelivered,
      limits.maxEntries,
      tooOld,
    );
    return Number(gone);
  }

  async function skipLogTo(number: number): Promise<void> {
    await scripts.skipLog([keys.meta], number);
  }

  return { logExtent, readLog, numberBefore, trimLog, skipLogTo };
}

/** The fields stand in the order in which `commit.lua` writes them. */
function parseEntry(id: string, fields: readonly string[]): LogEntry {
  const value = (index: number): string => fields[2 * index + 1] ?? '';
  return {
    number: Number.parseInt(id, 10),
    time: Number(value(0)),
    kind: value(1) as EventKind,
    id: value(2),
    articleId: value(3),
    version: Number(value(4)),
    subject: value(5),
    slug: value(6),
    contentHash: value(7),
    data: value(8),
  };
}
