import { StateStoreError } from '../../errors/errors.js';
import type { DeadLetter, SinkPlace, StateStore } from '../contract.js';
import { withoutNul } from './clean-text.js';
import type { Database } from './database.js';

type SinkMethods = Pick<
  StateStore,
  | 'sinks'
  | 'registerSink'
  | 'forgetSink'
  | 'leaseSink'
  | 'moveSink'
  | 'setSink'
  | 'noteSinkTrouble'
  | 'addDeadLetter'
  | 'deadLetters'
>;

interface SinkRecord {
  readonly name: string;
  readonly number: string;
  readonly generation: string;
  readonly epoch: string;
  readonly moved_at: string;
  readonly trouble: string;
  readonly dead_letters: string;
}

interface LetterRecord {
  readonly sink: string;
  readonly number: string;
  readonly event_id: string;
  readonly article_id: string;
  readonly subject: string;
  readonly reason: string;
  readonly at: string;
}

const PLACE = `s.name, s.number, s.generation, s.epoch, s.moved_at, s.trouble,
  (select count(*) from @dead_letters d where d.sink = s.name) as dead_letters`;
/** The places of sinks, what troubles them, and what they refused. */
export function postgresSinks(db: Database): SinkMethods {
  async function one(records: Promise<SinkRecord[]>): Promise<SinkPlace> {
    const [record] = await records;
    if (!record) throw new StateStoreError('The place of a sink cannot be read: the state was emptied.');
    return parsePlace(record);
  }

  return {
    async sinks() {
      return (await db.query<SinkRecord>(`select ${PLACE} from @sinks s order by s.name`)).map(parsePlace);
    },
    registerSink: (name) =>
      // A sink never seen before starts at the oldest entry. Written even where it is there: that is what makes the
      // statement answer the row.
      one(
        db.query(
          `insert into @sinks as s (name, number, generation, epoch, moved_at, trouble)
              select $1, first - 1, 0, 0, 0, '' from @head for share
            on conflict (name) do update set epoch = s.epoch returning ${PLACE}`,
          [name],
        ),
      ),
    async forgetSink(name) {
      const gone = await db.query(
        `with letters as (delete from @dead_letters where sink = $1) delete from @sinks where name = $1 returning name`,
        [name],
      );
      return gone.length > 0;
    },
    leaseSink: (name) =>
      one(
        db.query(
          `insert into @sinks as s (name, number, generation, epoch, moved_at, trouble)
              select $1, first - 1, 0, 1, 0, '' from @head for share
            on conflict (name) do update set epoch = s.epoch + 1 returning ${PLACE}`,
          [name],
        ),
      ),
    async moveSink(name, epoch, number) {
      const moved = await db.prepared(
        'move_sink',
        `update @sinks set number = greatest(number, $3::bigint),
            moved_at = case when $3::bigint > number then @now_ms() else moved_at end
          where name = $1 and epoch = $2::bigint returning name`,
        [name, epoch, number],
      );
      return moved.length > 0;
    },
    setSink: (name, number) =>
      one(
        db.query(
          `insert into @sinks as s (name, number, generation, epoch, moved_at, trouble)
              values ($1, $2::bigint, 1, 1, @now_ms(), '')
            on conflict (name) do update set number = excluded.number, generation = s.generation + 1,
              epoch = s.epoch + 1, moved_at = excluded.moved_at
            returning ${PLACE}`,
          [name, number],
        ),
      ),
    async noteSinkTrouble(name, trouble) {
      await db.query('update @sinks set trouble = $2 where name = $1 and trouble <> $2', [
        name,
        withoutNul(trouble),
      ]);
    },
    async addDeadLetter(letter) {
      const { sink, eventId, number, articleId, subject, reason } = letter;
      await db.query(
        `insert into @dead_letters (sink, event_id, number, article_id, subject, reason, at)
            values ($1, $2, $3, $4, $5, $6, @now_ms())
          on conflict (sink, event_id) do update set number = excluded.number, article_id = excluded.article_id,
            subject = excluded.subject, reason = excluded.reason, at = excluded.at`,
        [sink, eventId, number, articleId, withoutNul(subject), withoutNul(reason)],
      );
    },
    async deadLetters(sink) {
      const letters = await db.query<LetterRecord>(
        'select * from @dead_letters where $1::text is null or sink = $1 order by at, number',
        [sink ?? null],
      );
      return letters.map(parseLetter);
    },
  };
}

function parsePlace(record: SinkRecord): SinkPlace {
  return {
    name: record.name,
    number: Number(record.number),
    generation: Number(record.generation),
    epoch: Number(record.epoch),
    deadLetters: Number(record.dead_letters),
    movedAt: Number(record.moved_at),
    trouble: record.trouble,
  };
}

function parseLetter(record: LetterRecord): DeadLetter {
  return {
    sink: record.sink,
    number: Number(record.number),
    eventId: record.event_id,
    articleId: record.article_id,
    subject: record.subject,
    reason: record.reason,
    at: Number(record.at),
  };
}
