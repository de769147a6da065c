import type { EventKind } from '../../events/event.js';
import type { LogEntry } from '../../events/log-entry.js';
import type { LogExtent, StateStore, TrimLimits } from '../contract.js';
import { searchNumberBefore } from '../log-search.js';
import type { Database } from './database.js';

type LogMethods = Pick<StateStore, 'logExtent' | 'readLog' | 'numberBefore' | 'trimLog' | 'skipLogTo'>;

interface LogRecord {
  readonly number: string;
  readonly time: string;
  readonly kind: EventKind;
  readonly id: string;
  readonly article_id: string;
  readonly version: string;
  readonly subject: string;
  readonly slug: string;
  readonly content_hash: string;
  readonly data: string;
}

/** The event log: a table whose numbers are given under the lock on `head`. */
export function postgresLog(db: Database): LogMethods {
  async function logExtent(): Promise<LogExtent> {
    const [head] = await db.prepared<{ first: string; last: string }>(
      'extent',
      'select first, last from @head',
      [],
    );
    return { first: Number(head?.first ?? 1), last: Number(head?.last ?? 0) };
  }

  async function probe(number: number) {
    const [entry] = await db.query<{ number: string; time: string }>(
      'select number, time from @log where number >= $1 order by number limit 1',
      [number],
    );
    return entry ? { number: Number(entry.number), time: Number(entry.time) } : null;
  }

  async function numberBefore(time: number): Promise<number> {
    return searchNumberBefore(time, await logExtent(), probe);
  }

  return {
    logExtent,
    async readLog(after, limit) {
      if (limit <= 0) return [];
      const records = await db.prepared<LogRecord>(
        'read_log',
        `select number, time, kind, id, article_id, version, subject, slug, content_hash, data
          from @log where number > $1 order by number limit $2`,
        [after, limit],
      );
      return records.map(parseEntry);
    },
    numberBefore,
    async trimLog(limits: TrimLimits) {
      const [clock] = await db.query<{ now: string }>('select @now_ms() as now');
      const tooOld = await numberBefore(Number(clock?.now ?? 0) - limits.maxAgeMs);
      const [gone] = await db.query<{ gone: string }>('select @trim_log($1, $2, $3) as gone', [
        limits.keepDelivered,
        limits.maxEntries,
        tooOld,
      ]);
      return Number(gone?.gone ?? 0);
    },
    async skipLogTo(number) {
      await db.query(
        `update @head set last = $1::bigint, first = case when first > last then $1::bigint + 1 else first end
          where last < $1::bigint`,
        [number],
      );
    },
  };
}

function parseEntry(record: LogRecord): LogEntry {
  return {
    number: Number(record.number),
    time: Number(record.time),
    kind: record.kind,
    id: record.id,
    articleId: record.article_id,
    version: Number(record.version),
    subject: record.subject,
    slug: record.slug,
    contentHash: record.content_hash,
    data: record.data,
  };
}
