const DAY_MS = 86_400_000;
const EXPECTED_FORM = 'write it as 2026-01-31, 2026-01-31T18:20:00Z or 2026-01-31T18:20:00+02:00';

/**
 * Years outside are mistakes or sentinels, not dates of articles: below 1000 a slipped digit (0021, 0202), 9999 the
 * `never` of databases. A zone may move the last day of 9998 past the end, so the result is checked as well.
 */
const FIRST_YEAR = 1000;
const LAST_YEAR = 9998;
const FIRST_INSTANT = Date.UTC(FIRST_YEAR, 0, 1);
const END_INSTANT = Date.UTC(LAST_YEAR + 1, 0, 1);

/** ISO 8601, with a blank in place of the `T` as YAML allows, and its short zones (`+5`, `+0530`). */
const MOMENT =
  /^(\d{4})-(\d{2})-(\d{2})(?:(?:[Tt]|[ \t]+)(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?[ \t]*([Zz]|[+-]\d{1,2}(?::?\d{2})?)?)?$/;

export type ParsedMoment = { readonly iso: string } | { readonly problem: string };

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Made once a zone: making one costs some 50 microseconds, reading with it under two. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formatters.set(timeZone, made);
  return made;
}

/** True for a zone that this Node knows, as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What clocks in the zone are ahead of UTC at this moment, in milliseconds. */
function offsetAt(instant: number, timeZone: string): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/**
 * The moment at which clocks in the zone show this time. A time that comes twice (clocks set back) is its first; one
 * that never comes (clocks set forward) is as long after the gap's start as the clock would have shown: 02:30 is 03:30.
 * These are the rules of Temporal's `compatible`.
 */
function instantOf(wall: number, timeZone: string): number {
  const before = offsetAt(wall - DAY_MS, timeZone);
  const after = offsetAt(wall + DAY_MS, timeZone);
  const fits = [before, after].filter((offset) => offsetAt(wall - offset, timeZone) === offset);
  return wall - (fits.length === 0 ? before : Math.max(...fits));
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}

function unreal(time: WallTime): string | undefined {
  const { year, month, day, hour, minute, second, millisecond } = time;
  if (year < FIRST_YEAR || year > LAST_YEAR) {
    return `the year ${String(year).padStart(4, '0')} is outside ${FIRST_YEAR} to ${LAST_YEAR}`;
  }
  if (month < 1 || month > 12) return `there is no month ${month}`;
  const days = daysIn(year, month);
  if (day < 1 || day > days)
    return `${year}-${String(month).padStart(2, '0')} has days 1 to ${days}, not ${day}`;
  // ISO 8601 calls the end of a day 24:00; nothing comes after it.
  const endOfDay = hour === 24 && minute === 0 && second === 0 && millisecond === 0;
  if ((hour > 23 && !endOfDay) || minute > 59 || second > 59) return 'there is no such time of day';
  return undefined;
}

/** Minutes ahead of UTC; NaN for a zone that no clock has had (beyond 15:59). */
function zoneMinutes(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const hours = Number(digits.length > 2 ? digits.slice(0, -2) : digits);
  const minutes = digits.length > 2 ? Number(digits.slice(-2)) : 0;
  if (hours > 15 || minutes > 59) return Number.NaN;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function isoOf(instant: number): string {
  const iso = new Date(instant).toISOString();
  return iso.endsWith('.000Z') ? `${iso.slice(0, -5)}Z` : iso;
}

function wallTimeOf(match: RegExpExecArray): WallTime {
  const number = (group: number): number => Number(match[group] ?? 0);
  return {
    year: number(1),
    month: number(2),
    day: number(3),
    hour: number(4),
    minute: number(5),
    second: number(6),
    // Finer than a millisecond is cut off: no clock of a newsroom tells it.
    millisecond: Number((match[7] ?? '').slice(0, 3).padEnd(3, '0')),
  };
}

/**
 * A date or a date and time as a moment in UTC: `YYYY-MM-DDTHH:mm:ssZ`, with milliseconds only where there are some.
 *
 * A date alone is its midnight. Without a zone the time is one of `timeZone` (an IANA name; UTC when absent). Only real
 * moments of the years 1000 to 9998 are taken; for anything else `problem` says what is wrong with it.
 * Throws `RangeError` for a `timeZone` that does not exist (configuration checks it with `isTimeZone`).
 */
export function parseMoment(text: string, options: { readonly timeZone?: string } = {}): ParsedMoment {
  const match = MOMENT.exec(text.trim());
  if (match === null) return { problem: EXPECTED_FORM };
  const time = wallTimeOf(match);
  const wrong = unreal(time);
  if (wrong !== undefined) return { problem: wrong };
  const { year, month, day, hour, minute, second, millisecond } = time;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const zone = match[8];
  const { timeZone = 'UTC' } = options;
  if (zone === undefined) return within(timeZone === 'UTC' ? wall : instantOf(wall, timeZone));
  const minutes = zoneMinutes(zone);
  if (Number.isNaN(minutes)) return { problem: `there is no zone ${zone}` };
  return within(wall - minutes * 60_000);
}

function within(instant: number): ParsedMoment {
  if (instant >= FIRST_INSTANT && instant < END_INSTANT) return { iso: isoOf(instant) };
  const year = new Date(instant).getUTCFullYear();
  return { problem: `in UTC its year ${year} is outside ${FIRST_YEAR} to ${LAST_YEAR}` };
}
