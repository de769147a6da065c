import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateStoreError } from '../../src/shared/errors/errors.js';
import { commitBatch } from '../../src/shared/state/commit.js';
import type { CommitInput, CommitResult } from '../../src/shared/state/contract.js';
import { accepted, gone, rejected } from '../contracts/commit-inputs.js';
import type { SourceRow } from '../../src/shared/state/rows.js';
import { MemoryCommitPort } from '../contracts/memory-commit-port.js';

const KEYS = ['inbox/a.md', 'inbox/b.md', 'inbox/c.md'] as const;
const ARTICLES = ['X', 'Y'] as const;
/** Moments of the contents: two share one, so that the modification time and the key decide too. */
const PUBLISHED = [null, 1000, 2000, 2000] as const;

/** What happens to a source. The numbers stand for a choice among what is possible then. */
type Happening =
  | { readonly what: 'accepted'; key: number; article: number; content: number; mtime: number }
  | { readonly what: 'moved'; key: number; from: number; article: number; content: number; mtime: number }
  | { readonly what: 'rejected'; key: number; content: number }
  | { readonly what: 'gone'; key: number }
  | { readonly what: 'same'; key: number; mtime: number }
  | { readonly what: 'retry'; key: number; content: number };

/** An input, and what a worker commits instead if the answer is `differs`. */
interface Step {
  readonly input: CommitInput;
  readonly whole: CommitInput | null;
}

const key = fc.nat(KEYS.length - 1);
const reading = {
  key,
  article: fc.nat(ARTICLES.length - 1),
  content: fc.nat(PUBLISHED.length - 1),
  mtime: fc.integer({ min: 1, max: 2 }),
};
const moved: fc.Arbitrary<Happening> = fc.record({
  what: fc.constant('moved' as const),
  ...reading,
  from: key,
});
const good: fc.Arbitrary<Happening>[] = [
  fc.record({ what: fc.constant('accepted' as const), ...reading }),
  fc.record({ what: fc.constant('accepted' as const), ...reading }),
  moved,
  fc.record({ what: fc.constant('gone' as const), key }),
  fc.record({ what: fc.constant('same' as const), key, mtime: reading.mtime }),
  fc.record({ what: fc.constant('retry' as const), key, content: reading.content }),
];
const bad = fc.record({ what: fc.constant('rejected' as const), key, content: fc.nat(1) });

/** Inputs in the order of their numbers. */
function stepsOf(happenings: readonly Happening[]): Step[] {
  const steps: Step[] = [];
  const latest = new Map<string, CommitInput>();
  let number = 0;
  for (const happening of happenings) {
    const source = KEYS[happening.key] ?? KEYS[0];
    const before = latest.get(source);
    const step = stepOf(happening, source, before, () => ++number);
    if (step === null) continue;
    steps.push(step);
    latest.set(source, step.whole ?? step.input);
    const { observation } = step.input;
    if (observation.kind === 'present' && observation.movedFrom) latest.delete(observation.movedFrom.key);
  }
  return steps;
}

function stepOf(
  happening: Happening,
  source: string,
  before: CommitInput | undefined,
  next: () => number,
): Step | null {
  switch (happening.what) {
    case 'accepted':
      return { input: goodReading(source, next(), happening), whole: null };
    case 'moved': {
      const from = KEYS[happening.from] ?? KEYS[0];
      if (from === source) return { input: goodReading(source, next(), happening), whole: null };
      const movedFrom = { key: from, number: next() };
      return { input: goodReading(source, next(), happening, movedFrom), whole: null };
    }
    case 'rejected':
      return {
        input: rejected({ key: source, number: next(), content: `bad-${happening.content}` }),
        whole: null,
      };
    case 'gone':
      return { input: gone(source, next()), whole: null };
    case 'same':
      // A retry that comes after a later sighting of the same content is stale by the rule, and so its pictures are.
      return before && before.retry === 0 ? seenAgain(before, source, next, happening.mtime) : null;
    case 'retry':
      if (before?.finding.kind !== 'accepted') return null;
      return {
        input: {
          ...before,
          retry: before.retry + 1,
          finding: { ...before.finding, contentHash: `${before.finding.contentHash}+${happening.content}` },
        },
        whole: null,
      };
    default:
      return happening satisfies never;
  }
}

/** The same bytes again, perhaps with another modification time; read whole if other content is committed. */
function seenAgain(before: CommitInput, source: string, next: () => number, mtime: number): Step | null {
  if (before.observation.kind !== 'present') return null;
  const number = next();
  const whole = readAgain(before, source, number, mtime);
  if (whole.observation.kind !== 'present') return null;
  return { input: { observation: whole.observation, retry: 0, finding: { kind: 'same' } }, whole };
}

function readAgain(before: CommitInput, source: string, number: number, mtime: number): CommitInput {
  const { finding, observation } = before;
  if (finding.kind !== 'accepted') {
    const { fingerprint } = observation.kind === 'present' ? observation : { fingerprint: '' };
    return rejected({ key: source, number, content: fingerprint.replace('fingerprint-of-', '') });
  }
  const [article = '', content = ''] = finding.contentHash.replace('hash-of-', '');
  return goodReading(source, number, {
    article: ARTICLES.findIndex((id) => id === article),
    content: Number(content),
    mtime,
  });
}

function goodReading(
  source: string,
  number: number,
  { article, content, mtime }: { article: number; content: number; mtime: number },
  movedFrom?: { key: string; number: number },
): CommitInput {
  const id = ARTICLES[article] ?? 'X';
  const input = accepted({
    key: source,
    number,
    article: id,
    content: `${id}${content}`,
    ...(movedFrom ? { movedFrom } : {}),
  });
  const { observation, finding } = input;
  if (finding.kind !== 'accepted' || observation.kind !== 'present') return input;
  const mtimeNs = `${mtime}000000000`;
  const rank = { published: PUBLISHED[content] ?? null, mtimeNs };
  const body = JSON.stringify({
    source: { path: observation.path, modifiedAt: `1970-01-01T00:00:0${mtime}.000Z`, bytes: 1 },
    title: `${id}${content}`,
  });
  return {
    ...input,
    observation: { ...observation, stat: { ...observation.stat, mtimeNs } },
    finding: { ...finding, rank, body },
  };
}

/** Commits as a worker does: what differs from the committed content is read whole. */
async function run(port: MemoryCommitPort, { input, whole }: Step): Promise<CommitResult> {
  const [result] = await commitBatch(port, [input]);
  if (result?.kind === 'differs' && whole) return run(port, { input: whole, whole: null });
  if (!result) throw new Error('There was no answer.');
  return result;
}

async function runAll(steps: readonly Step[]): Promise<MemoryCommitPort> {
  const port = new MemoryCommitPort();
  for (const step of steps) await run(port, step);
  return port;
}

/** The records without version, slug and times: what does not depend on the order of arrival. */
function recordsOf({ articles }: MemoryCommitPort): object[] {
  return [...articles.values()]
    .filter((row) => row.claim !== null)
    .map(({ id, claim, runnersUp }) => ({ id, claim, runnersUp }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** What holds after any commits at all. */
function checkInvariants({ sources, articles, log }: MemoryCommitPort): void {
  expect(new Set(log.map(({ id }) => id)).size).toBe(log.length);
  for (const row of articles.values()) {
    const versions = log.filter(
      ({ articleId, kind }) => articleId === row.id && ['created', 'updated', 'removed'].includes(kind),
    );
    expect(versions.map(({ version }) => version)).toEqual(
      Array.from({ length: row.version }, (_, index) => index + 1),
    );
    expect(versions.at(-1)?.kind === 'removed').toBe(row.claim === null);
    expect(versions.map(({ kind }) => kind === 'created')).toEqual(
      versions.map((_, index) => index === 0 || versions[index - 1]?.kind === 'removed'),
    );
    const told = log.filter(({ articleId }) => articleId === row.id);
    expect(told.map(({ version }) => version)).toEqual(
      told.map(({ version }) => version).toSorted((a, b) => a - b),
    );
    expect(row.sequence).toBe(told.at(-1)?.number);

    const claimants = [...sources.values()].filter(({ articleId }) => articleId === row.id);
    expect(claimants.filter(({ isRecord }) => isRecord).map((source) => source.key)).toEqual(
      row.claim === null ? [] : [row.claim.sourceKey],
    );
    expect(row.runnersUp.map(({ sourceKey }) => sourceKey).toSorted()).toEqual(
      claimants
        .filter(({ isRecord }) => !isRecord)
        .map((source) => source.key)
        .toSorted(),
    );
  }
  for (const source of sources.values()) {
    if (source.articleId === null) expect(source.isRecord).toBe(false);
    if (source.problems !== null) expect(source.outcome).toBe('rejected');
  }
}

/** An order in which each item may come several times; every item comes at least once. */
function anyOrder(length: number): fc.Arbitrary<number[]> {
  const indexes = Array.from({ length }, (_, index) => index);
  return fc
    .tuple(
      fc.shuffledSubarray(indexes, { minLength: length, maxLength: length }),
      fc.array(fc.tuple(fc.nat(Math.max(0, length - 1)), fc.nat(length)), {
        maxLength: length === 0 ? 0 : 6,
      }),
    )
    .map(([order, again]) => again.reduce((items, [item, at]) => items.toSpliced(at, 0, item), order));
}

function inAnyOrder(kinds: readonly fc.Arbitrary<Happening>[]) {
  return fc
    .array(fc.oneof(...kinds), { maxLength: 12 })
    .map(stepsOf)
    .chain((steps) =>
      anyOrder(steps.length).map((order) => ({
        steps,
        ran: order.flatMap((index) => steps[index] ?? []),
      })),
    );
}

/** Each source's inputs in their order, the sources among each other in any; nothing that one source does to another. */
function interleaved(kinds: readonly fc.Arbitrary<Happening>[]) {
  return fc
    .array(fc.oneof(...kinds), { maxLength: 12 })
    .map(stepsOf)
    .chain((steps) =>
      fc
        .array(fc.nat(), { minLength: steps.length, maxLength: steps.length })
        .map((choices) => ({ steps, ran: interleave(steps, choices) })),
    );
}

function interleave(steps: readonly Step[], choices: readonly number[]): Step[] {
  const queues = KEYS.map((source) => steps.filter(({ input }) => input.observation.key === source));
  return choices.flatMap((choice) => {
    const waiting = queues.filter((queue) => queue.length > 0);
    return waiting[choice % waiting.length]?.shift() ?? [];
  });
}

const RUNS = { numRuns: 500 };

describe('the commit rule', () => {
  test('good readings, moves and removals end in the same records in any order, jobs run again included', async () => {
    await fc.assert(
      fc.asyncProperty(inAnyOrder(good), async ({ steps, ran }) => {
        const [inOrder, shuffled] = [await runAll(steps), await runAll(ran)];
        checkInvariants(shuffled);
        expect(recordsOf(shuffled)).toEqual(recordsOf(inOrder));
      }),
      RUNS,
    );
  });

  // A good reading that comes after a later bad one is stale: the last good record is the last one committed.
  test('with bad readings the sources may come in any order, each of them in its own', async () => {
    const alone = [...good, bad].filter((arbitrary) => arbitrary !== moved);
    await fc.assert(
      fc.asyncProperty(interleaved(alone), async ({ steps, ran }) => {
        const [inOrder, mixed] = [await runAll(steps), await runAll(ran)];
        checkInvariants(mixed);
        expect(recordsOf(mixed)).toEqual(recordsOf(inOrder));
      }),
      RUNS,
    );
  });

  test('versions, ids, records and runners-up hold together after each commit, bad readings included', async () => {
    await fc.assert(
      fc.asyncProperty(inAnyOrder([...good, bad]), async ({ ran }) => {
        const port = new MemoryCommitPort();
        for (const step of ran) {
          await run(port, step);
          checkInvariants(port);
        }
      }),
      RUNS,
    );
  });

  test('an input that is committed already is stale, and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(inAnyOrder([...good, bad]), async ({ ran }) => {
        const port = await runAll(ran);
        const before = [new Map(port.sources), new Map(port.articles), [...port.log]];
        for (const step of ran) expect(await run(port, step)).toEqual({ kind: 'stale' });
        expect([port.sources, port.articles, port.log]).toEqual(before);
      }),
      RUNS,
    );
  });

  test('a rename that comes after a later reading of the new path still takes the old path away', async () => {
    const port = new MemoryCommitPort();
    const [a, b] = KEYS;
    await commitBatch(port, [accepted({ key: a, number: 1, article: 'X' })]);
    await commitBatch(port, [accepted({ key: b, number: 4, article: 'X', content: 'edited', published: 1 })]);
    const late = accepted({ key: b, number: 3, article: 'X', movedFrom: { key: a, number: 2 } });

    expect(await commitBatch(port, [late])).toMatchObject([{ kind: 'committed', articleId: 'X' }]);
    expect(port.articles.get('X')).toMatchObject({ claim: { sourceKey: b }, runnersUp: [] });
    expect(port.sources.get(a)).toMatchObject({ gone: true, number: 2 });
    expect(port.sources.get(b)).toMatchObject({ number: 4, isRecord: true });
    expect(await commitBatch(port, [late])).toEqual([{ kind: 'stale' }]);
  });

  test('a file that is only touched takes the record where the modification time decides', async () => {
    const port = new MemoryCommitPort();
    const [a, b] = KEYS;
    const first = goodReading(a, 1, { article: 0, content: 2, mtime: 2 });
    const second = goodReading(b, 2, { article: 0, content: 3, mtime: 1 });
    await commitBatch(port, [first, second]);
    expect(port.articles.get('X')?.claim?.sourceKey).toBe(a);

    const again = seenAgain(second, b, () => 3, 3);
    const [result] = await commitBatch(port, again ? [again.input] : []);
    expect(result).toMatchObject({ kind: 'committed', outcome: 'updated' });
    const claim = port.articles.get('X')?.claim;
    expect(claim).toMatchObject({ sourceKey: b, rank: { mtimeNs: '3000000000' } });
    expect(JSON.parse(claim?.body ?? '')).toMatchObject({
      source: { modifiedAt: '1970-01-01T00:00:03.000Z' },
    });
    checkInvariants(port);
  });

  test('a touched file that is its article alone is unchanged, and its bad reading stays bad', async () => {
    const port = new MemoryCommitPort();
    const [a, b] = KEYS;
    const first = goodReading(a, 1, { article: 0, content: 2, mtime: 1 });
    const badReading = rejected({ key: b, number: 2, content: 'bad' });
    await commitBatch(port, [first, badReading]);
    const again = [seenAgain(first, a, () => 3, 2), seenAgain(badReading, b, () => 4, 2)];
    const results = await commitBatch(
      port,
      again.flatMap((step) => step?.input ?? []),
    );
    expect(results).toMatchObject([{ outcome: 'unchanged' }, { outcome: 'rejected' }]);
    expect(port.log).toHaveLength(2);
  });
});

describe('commits in a batch', () => {
  test('end as the same commits one by one, several of one source and one article among them', async () => {
    await fc.assert(
      fc.asyncProperty(inAnyOrder([...good, bad]), async ({ ran }) => {
        const inputs = ran.map(({ input, whole }) => whole ?? input);
        const [together, single] = [new MemoryCommitPort(), new MemoryCommitPort()];
        const results = await commitBatch(together, inputs);
        const one: CommitResult[] = [];
        for (const input of inputs) one.push(...(await commitBatch(single, [input])));
        expect(results).toEqual(one);
        checkInvariants(together);
        expect(recordsOf(together)).toEqual(recordsOf(single));
        expect([...together.sources].map(withoutTime).toSorted()).toEqual(
          [...single.sources].map(withoutTime).toSorted(),
        );
        expect(together.log.map(({ id }) => id).toSorted()).toEqual(
          single.log.map(({ id }) => id).toSorted(),
        );
      }),
      RUNS,
    );
  });

  test('take one round where they touch different rows', async () => {
    const port = new MemoryCommitPort();
    const inputs = Array.from({ length: 200 }, (_, i) => accepted({ key: `inbox/${i}.md`, number: i + 1 }));
    const results = await commitBatch(port, inputs);
    expect(results.every((result) => result.kind === 'committed')).toBe(true);
    expect(port.rounds).toBe(1);
  });

  test('of a hundred and more files of one article all get through', async () => {
    const port = new MemoryCommitPort();
    const inputs = Array.from({ length: 150 }, (_, i) =>
      accepted({ key: `inbox/${i}.md`, number: i + 1, article: 'X', content: `${i}`, published: i }),
    );
    const results = await commitBatch(port, inputs);
    expect(results.every((result) => result.kind === 'committed')).toBe(true);
    expect(port.articles.get('X')?.runnersUp).toHaveLength(149);
  });

  test('are decided again when somebody else changed their rows meanwhile', async () => {
    const port = new MemoryCommitPort();
    const [a, b, c] = KEYS;
    await commitBatch(port, [accepted({ key: a, number: 1, article: 'X', published: 1 })]);
    let theirs: Promise<unknown> = Promise.resolve();
    port.beforeApply = () => {
      port.beforeApply = () => undefined;
      theirs = commitBatch(port, [accepted({ key: c, number: 3, article: 'X', content: 'c', published: 3 })]);
      const other = port.articles.get('X');
      if (other) port.articles.set('X', { ...other });
    };
    const [result] = await commitBatch(port, [
      accepted({ key: b, number: 2, article: 'X', content: 'b', published: 2 }),
    ]);
    await theirs;
    expect(result).toMatchObject({ kind: 'committed' });
    expect(port.articles.get('X')?.claim?.sourceKey).toBe(c);
    expect(port.articles.get('X')?.runnersUp.map(({ sourceKey }) => sourceKey)).toEqual([b, a]);
    checkInvariants(port);
  });

  test('give up with a retryable error when others never let them through', async () => {
    const port = new MemoryCommitPort();
    await commitBatch(port, [accepted({ key: 'inbox/a.md', number: 1, article: 'X' })]);
    port.beforeApply = () => {
      for (const [id, row] of port.articles) port.articles.set(id, { ...row });
    };
    const stuck = commitBatch(port, [accepted({ key: 'inbox/a.md', number: 2, article: 'X', content: 'b' })]);
    await expect(stuck).rejects.toThrow(StateStoreError);
  });
});

function withoutTime([source, row]: [string, SourceRow]): string {
  return JSON.stringify([source, { ...row, at: 0 }]);
}
