import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateStoreError } from '../../src/shared/errors/errors.js';
import type { Change } from '../../src/shared/state/contract.js';
import { countDeltas } from '../../src/shared/state/change-effects.js';
import { searchNumberBefore } from '../../src/shared/state/log-search.js';
import { indexKey, indexPrefix } from '../../src/shared/state/postgres/index-key.js';
import { quoteName, schemaName } from '../../src/shared/state/postgres/schema-name.js';
import {
  decodeArticle,
  decodeSource,
  encodeArticle,
  encodeSource,
} from '../../src/shared/state/row-encoding.js';
import type { ArticleRow, Claim, SourceRow } from '../../src/shared/state/rows.js';
import { storeCall } from '../../src/shared/state/store-call.js';

const text = fc.string({ unit: 'grapheme' });
const nanoseconds = fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String);
const stat = fc.record({
  bytes: fc.nat(),
  mtimeNs: nanoseconds,
  ctimeNs: nanoseconds,
  inode: nanoseconds,
  settled: fc.boolean(),
});
const problem = fc.record(
  { code: text, field: text, line: fc.integer({ min: 1 }), message: text, found: text },
  { requiredKeys: ['code', 'field', 'message'], noNullPrototype: true },
);
const sourceRow: fc.Arbitrary<SourceRow> = fc.record({
  key: text,
  path: text,
  number: fc.integer({ min: 1 }),
  retry: fc.nat(9),
  gone: fc.boolean(),
  fingerprint: text,
  stat: fc.option(stat),
  outcome: fc.constantFrom('created', 'rejected', 'removed'),
  articleId: fc.option(text),
  contentHash: fc.option(text),
  isRecord: fc.boolean(),
  problems: fc.option(fc.array(problem)),
  rejections: fc.nat(9),
  at: fc.nat(),
});
const claim: fc.Arbitrary<Claim> = fc.record({
  sourceKey: text,
  path: text,
  contentHash: text,
  rank: fc.record({ published: fc.option(fc.integer()), mtimeNs: nanoseconds }),
  body: text,
});
const articleRow: fc.Arbitrary<ArticleRow> = fc.record({
  id: text,
  revision: fc.nat(),
  version: fc.nat(),
  slug: text,
  claim: fc.option(claim),
  runnersUp: fc.array(claim, { maxLength: 3 }),
  told: fc.record({ moved: fc.nat(9) }, { requiredKeys: [], noNullPrototype: true }),
  at: fc.nat(),
  sequence: fc.nat(),
});

describe('rows as they are kept', () => {
  test('a source comes back as it was, and is kept as the same text again', () => {
    fc.assert(
      fc.property(sourceRow, (row) => {
        const kept = encodeSource(row);
        const back = decodeSource(row.key, row.at, kept);
        expect(back).toEqual(row);
        expect(encodeSource(back)).toBe(kept);
      }),
    );
  });

  test('an article comes back as it was, with its runners-up whole', () => {
    fc.assert(
      fc.property(articleRow, (row) => {
        const { id, revision, at, sequence } = row;
        expect(decodeArticle({ id, revision, at, sequence, ...encodeArticle(row) })).toEqual(row);
      }),
    );
  });

  test('a change that writes what it has not read is refused', () => {
    const row = { key: 'inbox/a.md' } as SourceRow;
    const none = new Map<string, never>();
    const change: Change = {
      expectedSources: none,
      expectedArticles: none,
      sources: [row],
      articles: [],
      events: [],
    };
    expect(() => countDeltas(change)).toThrow(TypeError);
  });
});

describe('the number before a moment', () => {
  test('is that of the last earlier entry, also where numbers were left out or times are the same', async () => {
    const log = fc.array(fc.record({ step: fc.integer({ min: 1, max: 3 }), pause: fc.nat(2) }), {
      maxLength: 30,
    });
    const property = fc.asyncProperty(log, fc.integer({ min: -1, max: 70 }), async (steps, time) => {
      const entries: { number: number; time: number }[] = [];
      for (const { step, pause } of steps) {
        const last = entries.at(-1) ?? { number: 0, time: 0 };
        entries.push({ number: last.number + step, time: last.time + pause });
      }
      const extent = { first: entries[0]?.number ?? 1, last: entries.at(-1)?.number ?? 0 };
      const found = await searchNumberBefore(time, extent, (number) =>
        Promise.resolve(entries.find((entry) => entry.number >= number) ?? null),
      );
      const behind = entries.filter((entry) => entry.number > found);
      expect(behind).toEqual(entries.filter((entry) => entry.time >= time));
    });
    await fc.assert(property);
  });
});

describe('names in Postgres', () => {
  test('a namespace is its schema, with $ for -', () => {
    expect(schemaName('galley')).toBe('galley');
    expect(schemaName('my-news-site')).toBe('my$news$site');
    expect(schemaName('my-site', 'queues')).toBe('my$site$queues');
    expect(quoteName('a"b')).toBe('"a""b"');
  });

  test('keys of any length have distinct index keys that an index can take', () => {
    const keys = ['', 'a', 'b'].flatMap((end) =>
      ['x'.repeat(1900), 'x'.repeat(4000), '\u{1F600}'.repeat(800)].map((k) => k + end),
    );
    const indexed = keys.map(indexKey);
    expect(new Set(indexed).size).toBe(keys.length);
    for (const key of indexed) expect(Buffer.byteLength(key)).toBeLessThan(2704);
    expect(indexKey('inbox/a.md')).toBe('inbox/a.md');
    expect(indexKey('\u{1F600}'.repeat(800))).not.toContain('\ufffd');
  });

  test('the index keys of all keys below a prefix begin with its index prefix', () => {
    const key = fc.tuple(
      fc.constantFrom('x', '\u00e9', '\u{1F600}'),
      fc.integer({ min: 400, max: 2500 }),
      text,
    );
    fc.assert(
      fc.property(key, fc.nat(2500), ([unit, length, end], cut) => {
        const whole = unit.repeat(length) + end;
        const prefix = [...whole].slice(0, cut).join('');
        expect(indexKey(whole).startsWith(indexPrefix(prefix))).toBe(true);
      }),
    );
  });
});

describe('errors of a driver', () => {
  test('become state store errors that say what was being done, without the command', async () => {
    const driver = Object.assign(new Error('READONLY replica\nmore'), { command: { args: ['secret'] } });
    const error: unknown = await storeCall('committing', () => Promise.reject(driver)).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(StateStoreError);
    expect(String(error)).toBe('StateStoreError: The state store failed while committing: READONLY replica.');
    expect((error as Error).cause).not.toHaveProperty('command');
  });

  test('do not quote the value that Postgres refused', async () => {
    const driver = Object.assign(new Error('invalid input syntax: "secret"'), { code: '22P02' });
    await expect(storeCall('committing', () => Promise.reject(driver))).rejects.toThrow(/refused \(22P02\)/);
  });

  test('of ours stay what they are', async () => {
    const ours = new StateStoreError('ours');
    await expect(storeCall('committing', () => Promise.reject(ours))).rejects.toBe(ours);
  });
});
