import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { StateStoreError, StateVersionError } from '../../src/shared/errors/errors.js';
import type { LogEntry } from '../../src/shared/events/log-entry.js';
import type { Change, CommitPort, StateStore } from '../../src/shared/state/contract.js';
import type { ArticleRow, SourceRow } from '../../src/shared/state/rows.js';
import { accepted, bodyOf, gone, rejected, same } from './commit-inputs.js';

export type TestedStore = StateStore & CommitPort;

/** A running server, shared by the tests of one file. */
export interface StateServer {
  /** A store with connections of its own, which `close` ends. */
  open(namespace: string): Promise<TestedStore>;
  /** Makes the state look as if a Galley of this schema version had written it. */
  setSchemaVersion(namespace: string, version: number): Promise<void>;
  stop(): Promise<void>;
}

export interface StateBackend {
  readonly name: string;
  /** False where the backend's server is missing here: the suite is skipped. */
  readonly available: boolean;
  start(): Promise<StateServer>;
}

const KEEP_ALL = { keepDelivered: 1e9, maxEntries: 1e9, maxAgeMs: 1e9 };
const ODD_KEYS = [
  'inbox/it\'s "quoted"; -- $1 \\ \\n.md',
  'inbox/line\nfeed\r\t.md',
  'inbox/\u{1F4F0} news \u2028 \u00e9.md',
  'inbox/*[a-z]?{x}.md',
  `inbox/${'long/'.repeat(600)}.md`,
  `inbox/${'\u{1F600}'.repeat(750)}.md`,
  `inbox/${'\u{1F600}'.repeat(750)}2.md`,
];

/** What every `StateStore` does, run against a real server. */
export function stateStoreContract(backend: StateBackend): void {
  describe.skipIf(!backend.available)(`state on ${backend.name}`, () => {
    let server: StateServer | undefined;
    let namespaces = 0;
    let namespace = '';
    const opened: TestedStore[] = [];

    beforeAll(async () => {
      server = await backend.start();
    });
    afterAll(async () => {
      await server?.stop();
    });
    afterEach(async () => {
      for (const store of opened.splice(0)) {
        await store.reset();
        await store.close();
      }
      namespace = '';
    });

    async function open(name?: string): Promise<TestedStore> {
      if (namespace === '') namespace = `test-${++namespaces}`;
      if (!server) throw new Error('The server did not start.');
      const store = await server.open(name ?? namespace);
      opened.push(store);
      return store;
    }

    describe('commit', () => {
      test('a new article gets version 1, its record and a created event', async () => {
        const store = await open();
        const body = bodyOf('inbox/a.md', 'one');
        const [result] = await store.commit([accepted({ key: 'inbox/a.md', number: 5, article: 'A' })]);

        expect(result).toEqual({ kind: 'committed', outcome: 'created', articleId: 'A' });
        const [entry] = await store.readLog(0, 10);
        expect(entry).toMatchObject({
          number: 1,
          kind: 'created',
          id: 'A:1:created:1',
          articleId: 'A',
          version: 1,
          subject: 'a.md',
          slug: 'a-slug',
          contentHash: 'hash-of-one',
          data: body,
        });
        expect(Math.abs((entry?.time ?? 0) - Date.now())).toBeLessThan(60_000);
        const row = await store.article('A');
        expect(row).toMatchObject({ version: 1, slug: 'a-slug', revision: 1, sequence: 1, at: entry?.time });
        expect(row?.claim).toMatchObject({ sourceKey: 'inbox/a.md', path: 'a.md', body });
        const sources = await store.sources(['inbox/a.md', 'inbox/none.md']);
        expect(sources.get('inbox/none.md')).toBeNull();
        expect(sources.get('inbox/a.md')).toMatchObject({
          key: 'inbox/a.md',
          path: 'a.md',
          number: 5,
          outcome: 'created',
          articleId: 'A',
          isRecord: true,
          at: entry?.time,
          stat: { bytes: 1, inode: '7', settled: true },
        });
      });

      test('A, then B, then A again are three versions and end in A', async () => {
        const store = await open();
        const key = 'inbox/a.md';
        for (const [number, content] of [
          [1, 'A'],
          [2, 'B'],
          [3, 'A'],
        ] as const) {
          await store.commit([accepted({ key, number, content, article: 'X' })]);
        }
        expect(kinds(await store.readLog(0, 10))).toEqual(['created', 'updated', 'updated']);
        const row = await store.article('X');
        expect(row).toMatchObject({ version: 3, revision: 3, claim: { contentHash: 'hash-of-A' } });
      });

      test('a reading committed already, and one older than that, do nothing', async () => {
        const store = await open();
        const input = accepted({ key: 'inbox/a.md', number: 4, content: 'new' });
        await store.commit([input]);
        const again = await store.commit([input]);
        const older = await store.commit([accepted({ key: 'inbox/a.md', number: 3, content: 'old' })]);

        expect([again, older]).toEqual([[{ kind: 'stale' }], [{ kind: 'stale' }]]);
        expect((await store.logExtent()).last).toBe(1);
      });

      test('pictures fetched again commit under the same reading', async () => {
        const store = await open();
        const reading = { key: 'inbox/a.md', number: 4 };
        await store.commit([accepted(reading)]);
        const [result] = await store.commit([accepted({ ...reading, retry: 1, content: 'with picture' })]);

        expect(result).toMatchObject({ kind: 'committed', outcome: 'updated' });
        const [late] = await store.commit([accepted({ ...reading, content: 'late' })]);
        expect(late).toEqual({ kind: 'stale' });
      });

      test('content seen again is unchanged, and differs where other content was committed', async () => {
        const store = await open();
        await store.commit([accepted({ key: 'inbox/a.md', number: 1 })]);
        const [seen] = await store.commit([same({ key: 'inbox/a.md', number: 2 })]);
        const [other] = await store.commit([same({ key: 'inbox/a.md', number: 3, content: 'other' })]);

        expect(seen).toMatchObject({ kind: 'committed', outcome: 'unchanged' });
        expect(other).toEqual({ kind: 'differs' });
        expect((await store.sources(['inbox/a.md'])).get('inbox/a.md')?.number).toBe(2);
      });

      test('two files of one article end in the same record, whatever came first', async () => {
        const early = { key: 'inbox/early.md', number: 1, article: 'X', content: 'early', published: 1000 };
        const late = { key: 'inbox/late.md', number: 2, article: 'X', content: 'late', published: 2000 };
        const ends: (ArticleRow | null)[] = [];
        for (const order of [
          [early, late],
          [late, early],
        ]) {
          const store = await open(`test-${++namespaces}`);
          for (const reading of order) await store.commit([accepted(reading)]);
          ends.push(await store.article('X'));
        }
        const [one, two] = ends;
        expect(one?.claim).toEqual(two?.claim);
        expect(one?.claim?.sourceKey).toBe('inbox/late.md');
        expect(one?.runnersUp.map((claim) => claim.body)).toEqual([bodyOf('inbox/early.md', 'early')]);
        expect(one?.runnersUp).toEqual(two?.runnersUp);
      });

      test('the runner-up takes over when the first is removed, and removed comes with the last', async () => {
        const store = await open();
        await store.commit([
          accepted({ key: 'inbox/1.md', number: 1, article: 'X', content: 'a', published: 2 }),
        ]);
        await store.commit([
          accepted({ key: 'inbox/2.md', number: 2, article: 'X', content: 'b', published: 1 }),
        ]);
        await store.commit([gone('inbox/1.md', 3)]);
        expect((await store.article('X'))?.claim?.sourceKey).toBe('inbox/2.md');
        await store.commit([gone('inbox/2.md', 4)]);

        const log = await store.readLog(0, 10);
        expect(log.map(({ kind, version }) => [kind, version])).toEqual([
          ['created', 1],
          ['updated', 2],
          ['removed', 3],
        ]);
        expect(await store.article('X')).toMatchObject({ version: 3, claim: null, runnersUp: [] });
      });

      test('what comes back after its removal goes on from its version, as created', async () => {
        const store = await open();
        await store.commit([accepted({ key: 'inbox/a.md', number: 1, article: 'X' })]);
        await store.commit([gone('inbox/a.md', 2)]);
        expect(await store.counts()).toEqual({ articles: 0, sources: 0, rejected: 0 });
        await store.commit([accepted({ key: 'inbox/a.md', number: 3, article: 'X' })]);

        const log = await store.readLog(2, 10);
        expect(log.map(({ kind, version }) => [kind, version])).toEqual([['created', 3]]);
        expect(await store.counts()).toEqual({ articles: 1, sources: 1, rejected: 0 });
      });

      test('a rename keeps the version, tells moved, and keeps the time of the version', async () => {
        const store = await open();
        await store.commit([accepted({ key: 'inbox/a.md', number: 1, article: 'X' })]);
        const before = await store.article('X');
        await store.commit([
          accepted({
            key: 'inbox/b.md',
            number: 2,
            article: 'X',
            movedFrom: { key: 'inbox/a.md', number: 3 },
          }),
        ]);

        expect(kinds(await store.readLog(0, 10))).toEqual(['created', 'moved']);
        expect(await store.article('X')).toMatchObject({
          version: 1,
          sequence: 2,
          at: before?.at,
          told: { moved: 1 },
          claim: { sourceKey: 'inbox/b.md' },
        });
        expect((await store.sources(['inbox/a.md'])).get('inbox/a.md')).toMatchObject({
          gone: true,
          number: 3,
        });
        expect(await store.counts()).toEqual({ articles: 1, sources: 1, rejected: 0 });
      });

      test('a changed URL tells the new article first, then the old one as removed', async () => {
        const store = await open();
        await store.commit([accepted({ key: 'inbox/a.md', number: 1, article: 'OLD' })]);
        await store.commit([accepted({ key: 'inbox/a.md', number: 2, article: 'NEW' })]);

        const log = await store.readLog(1, 10);
        expect(log.map(({ kind, articleId }) => [kind, articleId])).toEqual([
          ['created', 'NEW'],
          ['removed', 'OLD'],
        ]);
      });

      test('a bad reading is told once, counted, and its last good record stays', async () => {
        const store = await open();
        const key = 'inbox/a.md';
        await store.commit([accepted({ key, number: 1, article: 'X' })]);
        await store.commit([rejected({ key, number: 2 })]);
        await store.commit([rejected({ key, number: 3 })]);

        expect(kinds(await store.readLog(0, 10))).toEqual(['created', 'rejected']);
        expect((await store.article('X'))?.claim?.contentHash).toBe('hash-of-one');
        expect(await store.counts()).toEqual({ articles: 1, sources: 1, rejected: 1 });
        const [bad] = await all(store.rejectedSources());
        expect(bad).toMatchObject({ key, rejections: 1, problems: [{ code: 'missing', field: 'title' }] });

        await store.commit([accepted({ key, number: 4, article: 'X', content: 'mended' })]);
        expect(await store.counts()).toEqual({ articles: 1, sources: 1, rejected: 0 });
        expect(await all(store.rejectedSources())).toEqual([]);
      });

      test('one call commits several readings of one source and one article, in their order', async () => {
        const store = await open();
        const results = await store.commit([
          accepted({ key: 'inbox/a.md', number: 1, article: 'X', content: '1' }),
          accepted({ key: 'inbox/a.md', number: 2, article: 'X', content: '2' }),
          accepted({ key: 'inbox/b.md', number: 1, article: 'X', content: '3', published: 9 }),
          accepted({ key: 'inbox/c.md', number: 1, article: 'Y' }),
        ]);
        expect(results.map((result) => result.kind)).toEqual(Array.from({ length: 4 }, () => 'committed'));
        expect(await store.article('X')).toMatchObject({ version: 3, claim: { sourceKey: 'inbox/b.md' } });
        expect(await store.commit([])).toEqual([]);
      });
    });

    describe('apply', () => {
      test('a change whose source or article has changed since writes nothing; the others are applied', async () => {
        const store = await open();
        await store.commit([accepted({ key: 'inbox/a.md', number: 1, article: 'A' })]);
        await store.commit([accepted({ key: 'inbox/b.md', number: 1, article: 'B' })]);
        const [a, b] = await Promise.all([
          changeOf(store, 'inbox/a.md', 'A'),
          changeOf(store, 'inbox/b.md', 'B'),
        ]);
        const c = await changeOf(store, 'inbox/c.md', 'C');
        await store.commit([accepted({ key: 'inbox/a.md', number: 2, article: 'A2', content: 'two' })]);
        const { last } = await store.logExtent();

        const staleArticle: Change = { ...b, expectedArticles: new Map([['B', null]]) };
        const staleSource: Change = { ...a, expectedArticles: new Map(), articles: [], events: [] };
        const applied = await store.transact((transaction) =>
          transaction.apply([staleSource, staleArticle, c]),
        );

        expect(applied).toEqual([false, false, true]);
        expect((await store.logExtent()).last).toBe(last + 1);
        expect((await store.article('B'))?.revision).toBe(1);
        expect(await store.article('C')).toMatchObject({ revision: 1, sequence: last + 1 });
        expect(await store.transact((transaction) => transaction.apply([b]))).toEqual([true]);
        expect(await store.transact((transaction) => transaction.apply([b]))).toEqual([false]);
        expect(await store.counts()).toEqual({ articles: 3, sources: 3, rejected: 0 });
      });

      test('a source that only another commit touched is no longer as it was read', async () => {
        const store = await open();
        await store.commit([
          accepted({ key: 'inbox/a.md', number: 1, article: 'X', content: 'a', published: 1 }),
        ]);
        const read = await changeOf(store, 'inbox/a.md', 'none');
        const sourceOnly: Change = { ...read, expectedArticles: new Map(), articles: [], events: [] };
        // Takes the record from it, which its row notes, under the same number.
        await store.commit([
          accepted({ key: 'inbox/b.md', number: 1, article: 'X', content: 'b', published: 2 }),
        ]);

        expect(await store.transact((transaction) => transaction.apply([sourceOnly]))).toEqual([false]);
      });
    });

    describe('several stores at once', () => {
      test('concurrent commits give numbers without gaps, in the order in which they can be read', async () => {
        const stores = [await open(), await open()] as const;
        const seen: number[] = [];
        let done = false;
        const reader = (async () => {
          for (let after = 0; !done || after < (await lastOf(stores[1]));) {
            const entries = await stores[1].readLog(after, 7);
            seen.push(...entries.map((entry) => entry.number));
            after = entries.at(-1)?.number ?? after;
          }
        })();
        const commits = Array.from({ length: 20 }, (_, i) =>
          storeFor(stores, i).commit(
            Array.from({ length: 5 }, (_unused, j) => accepted({ key: `inbox/${i}-${j}.md`, number: 1 })),
          ),
        );
        await Promise.all(commits);
        done = true;
        await reader;

        expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
        const times = (await stores[0].readLog(0, 200)).map((entry) => entry.time);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(await stores[0].counts()).toEqual({ articles: 100, sources: 100, rejected: 0 });
      });

      test('commits of one source at the same moment end in the highest number', async () => {
        const stores = [await open(), await open()] as const;
        const commits = Array.from({ length: 20 }, (_, i) =>
          storeFor(stores, i).commit([
            accepted({ key: 'inbox/a.md', number: i + 1, article: 'X', content: `${i}` }),
          ]),
        );
        await Promise.all(commits);

        const row = await stores[0].article('X');
        expect(row?.claim?.contentHash).toBe('hash-of-19');
        const log = await stores[0].readLog(0, 100);
        expect(log.map((entry) => entry.version)).toEqual(log.map((_, i) => i + 1));
        expect(row).toMatchObject({ version: log.length, revision: log.length, sequence: log.length });
      });

      test('files of one article committed at the same moment lose no claim', async () => {
        const stores = [await open(), await open()] as const;
        const commits = Array.from({ length: 20 }, (_, i) =>
          storeFor(stores, i).commit([
            accepted({ key: `inbox/${i}.md`, number: 1, article: 'X', content: `${i}`, published: i }),
          ]),
        );
        await Promise.all(commits);

        const row = await stores[0].article('X');
        expect(row?.claim?.sourceKey).toBe('inbox/19.md');
        expect(row?.runnersUp).toHaveLength(19);
        const sources = await all(stores[1].scanSources('inbox/'));
        expect(sources.filter((source) => source.isRecord).map((source) => source.key)).toEqual([
          'inbox/19.md',
        ]);
      });

      test('numbers of observations are given once and rise', async () => {
        const stores = [await open(), await open()] as const;
        const firsts = await Promise.all(
          Array.from({ length: 20 }, (_, i) => storeFor(stores, i).nextNumbers(3)),
        );
        expect(firsts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 3 * i + 1));
      });

      test('stores opened at the same moment on nothing agree on one log', async () => {
        await open();
        const name = `test-${++namespaces}`;
        const stores = await Promise.all(Array.from({ length: 5 }, () => open(name)));
        expect(new Set(stores.map((store) => store.logId)).size).toBe(1);
        expect(stores[0]?.logId).toMatch(/^[\w-]+$/);
      });
    });

    describe('log', () => {
      test('is read behind a number, as far as the limit', async () => {
        const store = await open();
        expect(await store.logExtent()).toEqual({ first: 1, last: 0 });
        expect(await store.readLog(0, 10)).toEqual([]);
        await commitSome(store, 5);

        expect(await store.logExtent()).toEqual({ first: 1, last: 5 });
        expect(numbers(await store.readLog(0, 2))).toEqual([1, 2]);
        expect(numbers(await store.readLog(3, 10))).toEqual([4, 5]);
        expect(await store.readLog(5, 10)).toEqual([]);
      });

      test('finds the last number before a moment', async () => {
        const store = await open();
        expect(await store.numberBefore(Date.now())).toBe(0);
        const times: number[] = [];
        while (new Set(times).size < 4) {
          await store.commit([accepted({ key: `inbox/${times.length}.md`, number: 1 })]);
          const [entry] = await store.readLog(times.length, 1);
          times.push(entry?.time ?? 0);
        }
        for (const time of [0, ...times.flatMap((at) => [at - 1, at, at + 1])]) {
          expect(await store.numberBefore(time)).toBe(times.filter((at) => at < time).length);
        }
        await store.trimLog({ ...KEEP_ALL, maxEntries: 2 });
        expect(await store.numberBefore(0)).toBe(times.length - 2);
      });

      test('is trimmed behind the slowest sink, and keeps some of what was delivered', async () => {
        const store = await open();
        await commitSome(store, 10);
        await store.registerSink('slow');
        const { epoch } = await store.leaseSink('slow');
        await store.registerSink('fast');
        await store.moveSink('fast', (await store.leaseSink('fast')).epoch, 10);

        expect(await store.trimLog({ ...KEEP_ALL, keepDelivered: 0 })).toBe(0);
        await store.moveSink('slow', epoch, 6);
        expect(await store.trimLog({ ...KEEP_ALL, keepDelivered: 2 })).toBe(4);
        expect(await store.logExtent()).toEqual({ first: 5, last: 10 });
        expect(numbers(await store.readLog(0, 2))).toEqual([5, 6]);
      });

      test('is trimmed by count and age even before a sink that has not had it', async () => {
        const store = await open();
        await store.registerSink('slow');
        await commitSome(store, 10);
        expect(await store.trimLog({ ...KEEP_ALL, maxEntries: 4 })).toBe(6);
        await vi.waitFor(async () => {
          await store.trimLog({ ...KEEP_ALL, maxAgeMs: 0 });
          expect(await store.logExtent()).toEqual({ first: 11, last: 10 });
        });
        expect(await store.readLog(0, 10)).toEqual([]);
        expect((await store.registerSink('new')).number).toBe(10);

        await store.commit([accepted({ key: 'inbox/next.md', number: 1 })]);
        expect(await store.logExtent()).toEqual({ first: 11, last: 11 });
        expect(numbers(await store.readLog(0, 10))).toEqual([11]);
      });

      test('without sinks keeps what followers may ask for', async () => {
        const store = await open();
        await commitSome(store, 10);
        expect(await store.trimLog({ ...KEEP_ALL, keepDelivered: 3 })).toBe(7);
      });

      test('numbers on from past a number that a sink remembers', async () => {
        const store = await open();
        await commitSome(store, 2);
        await store.skipLogTo(7);
        await store.skipLogTo(3);
        await commitSome(store, 1, 'later');

        expect(numbers(await store.readLog(0, 10))).toEqual([1, 2, 8]);
        expect(await store.numberBefore(Date.now() + 60_000)).toBe(8);
        expect(await store.numberBefore(0)).toBe(0);
      });
    });

    describe('sinks', () => {
      test('a new one starts at the oldest entry and keeps its place when registered again', async () => {
        const store = await open();
        await commitSome(store, 4);
        await store.trimLog({ ...KEEP_ALL, maxEntries: 2 });
        const place = await store.registerSink('ndjson');
        expect(place).toEqual({
          name: 'ndjson',
          number: 2,
          generation: 0,
          epoch: 0,
          deadLetters: 0,
          movedAt: 0,
          trouble: '',
        });
        const { epoch } = await store.leaseSink('ndjson');
        await store.moveSink('ndjson', epoch, 3);
        expect(await store.registerSink('ndjson')).toMatchObject({ number: 3, epoch });
      });

      test('a lease is taken from whoever has it, who cannot move the cursor any more', async () => {
        const store = await open();
        const first = await store.leaseSink('ndjson');
        const second = await store.leaseSink('ndjson');
        expect(second.epoch).toBeGreaterThan(first.epoch);
        expect(await store.moveSink('ndjson', first.epoch, 5)).toBe(false);
        expect(await store.moveSink('ndjson', second.epoch, 5)).toBe(true);
        expect(await store.moveSink('unknown', 1, 5)).toBe(false);
        const [place] = await store.sinks();
        expect(place).toMatchObject({ name: 'ndjson', number: 5 });
        expect(place?.movedAt).toBeGreaterThan(0);
      });

      test('the cursor moves forward only, except when it is set, which raises the generation', async () => {
        const store = await open();
        const { epoch } = await store.leaseSink('ndjson');
        await store.moveSink('ndjson', epoch, 9);
        expect(await store.moveSink('ndjson', epoch, 4)).toBe(true);
        expect((await store.sinks())[0]?.number).toBe(9);

        expect(await store.setSink('ndjson', 4)).toMatchObject({ number: 4, generation: 1 });
        // Whoever was delivering would take the cursor back to where it was.
        expect(await store.moveSink('ndjson', epoch, 10)).toBe(false);
        expect(await store.setSink('new', 2)).toMatchObject({ name: 'new', number: 2, generation: 1 });
      });

      test('trouble is noted and taken back; a sink is forgotten with all of its own', async () => {
        const store = await open();
        await store.registerSink('b');
        await store.registerSink('a');
        await store.noteSinkTrouble('a', 'disk "full"\n\0');
        await store.addDeadLetter(letter('a', 1));
        expect((await store.sinks()).map(({ name, deadLetters }) => [name, deadLetters])).toEqual([
          ['a', 1],
          ['b', 0],
        ]);
        expect((await store.sinks())[0]?.trouble).toContain('disk "full"\n');
        await store.noteSinkTrouble('a', '');
        expect((await store.sinks())[0]?.trouble).toBe('');

        expect(await store.forgetSink('a')).toBe(true);
        expect(await store.forgetSink('a')).toBe(false);
        await store.noteSinkTrouble('a', 'late');
        expect((await store.registerSink('a')).deadLetters).toBe(0);
        expect(await store.deadLetters('a')).toEqual([]);
      });

      test('dead letters are kept for each sink and event, oldest first', async () => {
        const store = await open();
        await store.registerSink('a');
        await store.registerSink('b');
        await store.addDeadLetter(letter('a', 1));
        await store.addDeadLetter(letter('b', 2));
        await store.addDeadLetter({ ...letter('a', 1), reason: 'again' });

        const letters = await store.deadLetters('a');
        expect(letters).toMatchObject([
          { sink: 'a', number: 1, eventId: 'e1', reason: 'again', subject: '1.md' },
        ]);
        expect(letters[0]?.at).toBeGreaterThan(0);
        expect(await store.deadLetters()).toHaveLength(2);
      });
    });

    describe('scans', () => {
      test('find 10,000 sources and articles, each of them, in pages', { timeout: 60_000 }, async () => {
        const store = await open();
        for (let from = 0; from < 10_000; from += 500) {
          const batch = Array.from({ length: 500 }, (_, i) => from + i);
          await store.commit(
            batch.map((i) => accepted({ key: `inbox/${i}.md`, number: 1, article: `${i}` })),
          );
        }
        await store.commit([gone('inbox/17.md', 2), rejected({ key: 'inbox/18.md', number: 2 })]);

        const sources = new Set((await all(store.scanSources(''))).map((row) => row.key));
        expect(sources.size).toBe(9_999);
        expect(sources.has('inbox/17.md')).toBe(false);
        let largest = 0;
        const articles = new Set<string>();
        for await (const page of store.scanArticles()) {
          largest = Math.max(largest, page.length);
          for (const row of page) articles.add(row.id);
        }
        expect(articles.size).toBe(9_999);
        expect(largest).toBeLessThan(500);
        expect(await store.counts()).toEqual({ articles: 9_999, sources: 9_999, rejected: 1 });
        expect((await all(store.rejectedSources())).map((row) => row.key)).toEqual(['inbox/18.md']);
      });

      test('keep to the prefix, whatever stands in it', async () => {
        const store = await open();
        const keys = [...ODD_KEYS, 'inbox-2/a.md', 'inbo', 'in%box/a.md', 'in_box/a.md'];
        await store.commit(keys.map((key) => accepted({ key, number: 1 })));
        const under = async (prefix: string) => {
          const rows = await all(store.scanSources(prefix));
          return [...new Set(rows.map((row) => row.key))].sort();
        };
        for (const prefix of ['inbox/', 'in%box/', 'inbox/*[', ...ODD_KEYS, '']) {
          expect(await under(prefix)).toEqual(keys.filter((key) => key.startsWith(prefix)).sort());
        }
        expect(await under('none')).toEqual([]);
      });
    });

    describe('texts', () => {
      test.each(ODD_KEYS)('an odd key comes back as it was: %#', async (key) => {
        const store = await open();
        const input = accepted({ key, number: 1, article: 'X' });
        await store.commit([input]);
        expect((await store.sources([key])).get(key)).toMatchObject({ key, articleId: 'X', isRecord: true });
        expect(await store.commit([input])).toEqual([{ kind: 'stale' }]);
        await store.commit([accepted({ key, number: 2, article: 'X', content: 'two' })]);
        expect((await store.article('X'))?.claim?.sourceKey).toBe(key);
        expect((await store.readLog(1, 1))[0]?.subject).toBe(key.slice('inbox/'.length));
      });

      test('a body of 200 KB comes back byte for byte', async () => {
        const store = await open();
        const start =
          '{"z":1,"a":-0,"b":1.0,"separators":"\u2028\u2029","nul":"\\u0000","lone":"\\ud800","feed":"\\n"';
        const body = `${start},"source":{"path":"a.md"},"text":"${'\u00e9\u{1F4F0}'.repeat(34_000)}"}`;
        await store.commit([accepted({ key: 'inbox/a.md', number: 1, article: 'X', body })]);
        await store.commit([
          accepted({ key: 'inbox/b.md', number: 1, article: 'X', body, content: 'b', published: 1 }),
        ]);
        const row = await store.article('X');
        expect(Buffer.byteLength(body)).toBeGreaterThan(200_000);
        expect(row?.claim?.body).toBe(body);
        expect(row?.runnersUp[0]?.body).toBe(body);
        expect((await store.readLog(0, 2)).map((entry) => entry.data === body)).toEqual([true, true]);
      });

      test('larger texts are kept by fingerprint', async () => {
        const store = await open();
        const text = '\u2028 "quoted" \\ \n'.repeat(20_000);
        await store.putBlob('f1', text);
        await store.putBlob('f1', text);
        expect(await store.blob('f1')).toBe(text);
        expect(await store.blob('f2')).toBeNull();
      });
    });

    describe('life of the state', () => {
      test('is found again by the next store, with the same log', async () => {
        const before = await open();
        await commitSome(before, 3);
        const again = await open();
        expect(again.logId).toBe(before.logId);
        expect(again.namespace).toBe(before.namespace);
        expect(await again.logExtent()).toEqual({ first: 1, last: 3 });
        expect(await again.ping()).toBeGreaterThan(0);
      });

      test('of one namespace is not seen in another, not even one whose name begins the same', async () => {
        const store = await open();
        const other = await open(`${store.namespace}-b`);
        await commitSome(store, 2);
        await store.putBlob('f', 'text');
        await store.registerSink('ndjson');

        expect(other.logId).not.toBe(store.logId);
        expect(await other.counts()).toEqual({ articles: 0, sources: 0, rejected: 0 });
        expect(await other.blob('f')).toBeNull();
        expect(await other.sinks()).toEqual([]);
        await commitSome(other, 1);
        await other.reset();
        expect((await store.logExtent()).last).toBe(2);
      });

      test('is gone after a reset: the next store starts a log of its own', async () => {
        const store = await open();
        await commitSome(store, 2);
        await store.registerSink('ndjson');
        await store.putBlob('f', 'text');
        await store.reset();

        const next = await open();
        expect(next.logId).not.toBe(store.logId);
        expect(await next.logExtent()).toEqual({ first: 1, last: 0 });
        expect(await next.sinks()).toEqual([]);
        expect(await next.blob('f')).toBeNull();
        expect(await all(next.scanSources(''))).toEqual([]);
      });

      test('refuses a commit once it was emptied by another, telling no bodies', async () => {
        const store = await open();
        const secret = 'body-not-for-logs';
        await store.reset();
        const input = accepted({ key: 'inbox/a.md', number: 1, body: bodyOf('inbox/a.md', secret) });
        const error = await store.commit([input]).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(StateStoreError);
        expect(everythingIn(error)).not.toContain(secret);
        expect(String(error)).toContain('committing');
      });

      test('of a newer Galley is refused, saying what to do', async () => {
        const store = await open();
        await server?.setSchemaVersion(store.namespace, 99);
        const refused = server?.open(store.namespace);
        await expect(refused).rejects.toThrow(StateVersionError);
        await expect(refused).rejects.toThrow(/99.*newer Galley/);
      });
    });
  });
}

function kinds(entries: readonly LogEntry[]): string[] {
  return entries.map((entry) => entry.kind);
}

function numbers(entries: readonly LogEntry[]): number[] {
  return entries.map((entry) => entry.number);
}

/** Takes turns between two stores. */
function storeFor(stores: readonly [TestedStore, TestedStore], turn: number): TestedStore {
  return turn % 2 === 0 ? stores[0] : stores[1];
}

async function lastOf(store: TestedStore): Promise<number> {
  return (await store.logExtent()).last;
}

async function all<Row>(pages: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

async function commitSome(store: TestedStore, count: number, name = 'some'): Promise<void> {
  await store.commit(
    Array.from({ length: count }, (_, i) => accepted({ key: `inbox/${name}-${i}.md`, number: 1 })),
  );
}

function letter(sink: string, number: number) {
  return {
    sink,
    number,
    eventId: `e${number}`,
    articleId: 'X',
    subject: `${number}.md`,
    reason: 'it has no "title"',
  };
}

/** All that a logger could print of an error. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
  return `${own.join('\n')}\n${JSON.stringify(error)}\n${error.cause === undefined ? '' : everythingIn(error.cause)}`;
}

/** A change that writes one source and one article, made from the rows as they now are. */
async function changeOf(store: TestedStore, key: string, id: string): Promise<Change> {
  const [sources, articles] = await store.transact((transaction) =>
    Promise.all([transaction.sources([key]), transaction.articles([id])]),
  );
  const claim = {
    sourceKey: key,
    path: key,
    contentHash: 'changed',
    rank: { published: null, mtimeNs: '1' },
    body: bodyOf(key, 'changed'),
  };
  const version = (articles.get(id)?.version ?? 0) + 1;
  return {
    expectedSources: sources,
    expectedArticles: articles,
    sources: [{ ...emptySource(key), articleId: id }],
    articles: [
      {
        id,
        revision: 0,
        version,
        slug: 's',
        claim,
        runnersUp: [],
        told: {},
        at: 0,
        sequence: 0,
      } satisfies ArticleRow,
    ],
    events: [
      {
        kind: 'updated',
        id: `${id}:${version}:updated:1`,
        articleId: id,
        version,
        subject: key,
        slug: 's',
        contentHash: 'changed',
        data: claim.body,
      },
    ],
  };
}

function emptySource(key: string): SourceRow {
  return {
    key,
    path: key,
    number: 99,
    retry: 0,
    gone: false,
    fingerprint: 'f',
    stat: null,
    outcome: 'updated',
    articleId: null,
    contentHash: 'changed',
    isRecord: true,
    problems: null,
    rejections: 0,
    at: 0,
  };
}
