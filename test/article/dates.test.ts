import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, parseMoment } from '../../src/shared/article/dates.js';

const iso = (text: string, timeZone?: string): string => {
  const parsed = parseMoment(text, timeZone === undefined ? {} : { timeZone });
  return 'iso' in parsed ? parsed.iso : `refused: ${parsed.problem}`;
};

describe('moments that are taken', () => {
  it.each([
    ['2020-12-03T18:20:00Z', '2020-12-03T18:20:00Z'],
    ['2026-01-01T05:30:00+05:30', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:30+0530', '2025-12-31T19:00:00Z'],
    ['2001-12-14 21:59:43.10 -5', '2001-12-15T02:59:43.100Z'],
    ['2001-12-14t21:59:43z', '2001-12-14T21:59:43Z'],
    ['2026-01-01', '2026-01-01T00:00:00Z'],
    ['2026-01-01 18:20', '2026-01-01T18:20:00Z'],
    ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00.1239Z', '2026-01-01T00:00:00.123Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['2026-01-31T24:00:00Z', '2026-02-01T00:00:00Z'],
    ['1000-01-01', '1000-01-01T00:00:00Z'],
    ['9998-12-31T23:59:59Z', '9998-12-31T23:59:59Z'],
    ['  2026-01-01  ', '2026-01-01T00:00:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(iso(text)).toBe(expected);
  });
});

describe('what is no moment', () => {
  it.each([
    ['2026-02-31T00:00:00Z', /2026-02 has days 1 to 28, not 31/],
    ['2026-02-31', /days 1 to 28/],
    ['1900-02-29', /days 1 to 28/],
    ['0000-00-00', /year 0000/],
    ['0000-00-00T00:00:00Z', /year 0000/],
    ['0999-12-31', /outside 1000 to 9998/],
    ['9999-12-31', /year 9999/],
    ['9998-12-31T23:59:59-01:00', /9999/],
    ['2026-13-01', /no month 13/],
    ['2026-01-00', /days 1 to 31/],
    ['2026-01-01T24:00:01Z', /no such time/],
    ['2026-01-01T23:60Z', /no such time/],
    ['2026-01-01T23:59:60Z', /no such time/],
    ['2026-01-01T00:00:00+16:00', /no zone/],
    ['2026-01-01T00:00:00+05:60', /no zone/],
    ['01/02/2026', /write it as/],
    ['yesterday', /write it as/],
    ['2026', /write it as/],
    ['2026-1-1', /write it as/],
    ['', /write it as/],
  ])('%j is refused with the reason', (text, reason) => {
    expect(iso(text)).toMatch(/^refused/);
    expect(iso(text)).toMatch(reason);
  });
});

describe('dates without a zone', () => {
  it('are of the zone that is given; those with one are not', () => {
    expect(iso('2026-01-15 12:00', 'America/New_York')).toBe('2026-01-15T17:00:00Z');
    expect(iso('2026-07-15', 'Europe/Berlin')).toBe('2026-07-14T22:00:00Z');
    expect(iso('2026-07-15T00:00:00Z', 'Europe/Berlin')).toBe('2026-07-15T00:00:00Z');
    expect(iso('2026-07-15 00:00', 'Asia/Kathmandu')).toBe('2026-07-14T18:15:00Z');
  });

  it('are pushed on by the gap when clocks are set forward', () => {
    expect(iso('2026-03-29 02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00Z');
    expect(iso('2026-03-08 02:30', 'America/New_York')).toBe('2026-03-08T07:30:00Z');
  });

  it('are the first of two when clocks are set back', () => {
    expect(iso('2026-10-25 02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00Z');
    expect(iso('2026-11-01 01:30', 'America/New_York')).toBe('2026-11-01T05:30:00Z');
  });

  it('want a zone that exists', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true);
    expect(isTimeZone('Mars/Olympus')).toBe(false);
    expect(() => parseMoment('2026-01-01', { timeZone: 'Mars/Olympus' })).toThrow(RangeError);
  });
});

const real = fc.date({
  min: new Date('1000-01-02T00:00:00Z'),
  max: new Date('9998-12-30T00:00:00Z'),
  noInvalidDate: true,
});

describe('any moment', () => {
  it('comes out as itself, and the second time too', () => {
    fc.assert(
      fc.property(real, (date) => {
        const once = iso(date.toISOString());
        expect(Date.parse(once)).toBe(date.getTime());
        expect(iso(once)).toBe(once);
      }),
    );
  });

  it('is the same whatever zone it is written in', () => {
    fc.assert(
      fc.property(real, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, minutes) => {
        const wall = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        const pad = (n: number): string => String(Math.trunc(Math.abs(n))).padStart(2, '0');
        const zone = `${minutes < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`;
        expect(Date.parse(iso(`${wall}${zone}`))).toBe(date.getTime());
      }),
    );
  });

  it('read from the clocks of a zone is what those clocks show', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tokyo');
    const modern = fc.integer({ min: Date.UTC(1971, 0, 1) / 1000, max: Date.UTC(2036, 0, 1) / 1000 });
    fc.assert(
      fc.property(modern, zones, (seconds, timeZone) => {
        const shown = new Date(seconds * 1000).toLocaleString('sv-SE', { timeZone });
        const back = Date.parse(iso(shown, timeZone));
        // An hour that comes twice is shown alike both times.
        expect(new Date(back).toLocaleString('sv-SE', { timeZone })).toBe(shown);
        expect(back).toBeLessThanOrEqual(seconds * 1000);
      }),
    );
  });

  it('is never thrown at', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof iso(text) === 'string'));
    const near = fc.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    fc.assert(
      fc.property(near, (text) => {
        const result = iso(text);
        if (!result.startsWith('refused') && !text.includes('T24')) expect(result).toBe(text);
      }),
    );
  });
});
