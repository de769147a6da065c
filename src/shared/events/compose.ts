import { eventType, type EventKind } from './event.js';
import type { LogEntry } from './log-entry.js';

/** Version of the event and record schemas; a breaking change raises it. */
export const SCHEMA_VERSION = 1;

/** What an event needs from outside its log entry. */
export interface EventContext {
  readonly logId: string;
  readonly namespace: string;
}

/** Where the JSON Schema of an event's data is found: a name, not an address that must answer. */
export function dataSchema(kind: EventKind): string {
  const name = kind === 'created' || kind === 'updated' ? 'record' : kind;
  return `urn:galley:schema:${name}:${SCHEMA_VERSION}`;
}

/** `<log id>.<number>`, the CloudEvents sequence extension. */
export function formatSequence(logId: string, number: number): string {
  return `${logId}.${number}`;
}

/**
 * The number in `--since`, `Last-Event-ID` or a stored place: a whole sequence of this log, or a bare number.
 * Null where the text is neither, or comes from another log.
 */
export function parseSequence(text: string, logId: string): number | null {
  const match = /^(?:([\w-]+)\.)?(\d{1,15})$/.exec(text);
  if (!match || (match[1] !== undefined && match[1] !== logId)) return null;
  return Number(match[2]);
}

/**
 * A log entry as one line of CloudEvents 1.0 JSON, without a line feed. Put together from the parts that the log
 * keeps as JSON already, since parsing and writing each record again costs more than all the rest of a delivery.
 */
export function composeEvent(entry: LogEntry, { logId, namespace }: EventContext): string {
  const head = JSON.stringify({
    specversion: '1.0',
    id: entry.id,
    source: `/galley/${namespace}`,
    type: eventType(entry.kind),
    subject: entry.subject,
    time: isoMoment(entry.time),
    datacontenttype: 'application/json',
    dataschema: dataSchema(entry.kind),
    sequence: formatSequence(logId, entry.number),
  });
  const hasRecord = entry.kind === 'created' || entry.kind === 'updated';
  const data = hasRecord
    ? composeRecord({
        id: entry.articleId,
        version: entry.version,
        contentHash: entry.contentHash,
        slug: entry.slug,
        ingestedAt: entry.time,
        body: entry.data,
      })
    : entry.data;
  return `${head.slice(0, -1)},"data":${data}}`;
}

/** A record as JSON, in schema order, from the body that the state keeps and what the commit gave it. */
export function composeRecord(parts: {
  readonly id: string;
  readonly version: number;
  readonly contentHash: string;
  readonly slug: string;
  /** Epoch milliseconds. */
  readonly ingestedAt: number;
  readonly body: string;
}): string {
  const { id, version, contentHash, slug, ingestedAt, body } = parts;
  const head = JSON.stringify({ id, version, contentHash, slug });
  return `${head.slice(0, -1)},${body.slice(1, -1)},"ingestedAt":"${isoMoment(ingestedAt)}"}`;
}

function isoMoment(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
