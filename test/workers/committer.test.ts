import { describe, expect, test } from 'vitest';
import { StateStoreError } from '../../src/shared/errors/errors.js';
import { commitBatch } from '../../src/shared/state/commit.js';
import type { CommitInput, StateStore } from '../../src/shared/state/contract.js';
import { Committer } from '../../src/workers/committer.js';
import { accepted, same } from '../contracts/commit-inputs.js';
import { MemoryCommitPort } from '../contracts/memory-commit-port.js';
import { silent } from '../support/test-backends.js';

/** A committer on rows in memory, and what it told its listener. */
function committing(fails: (inputs: readonly CommitInput[]) => 'before' | 'after' | null = () => null) {
  const port = new MemoryCommitPort();
  const calls: number[] = [];
  const told: string[] = [];
  const commit = async (inputs: readonly CommitInput[]) => {
    calls.push(inputs.length);
    const failure = fails(inputs);
    if (failure === 'before') throw new StateStoreError('away');
    const results = await commitBatch(port, inputs);
    if (failure === 'after') throw new StateStoreError('the answer was lost');
    return results;
  };
  const committer = new Committer({
    state: { commit } as unknown as StateStore,
    listener: {
      committed: ({ observation }, { kind }) => told.push(`${observation.path} ${kind}`),
      logGrew: () => told.push('grew'),
    },
    log: silent,
  });
  return { committer, port, calls, told };
}

function input(name: string, number = 1): CommitInput {
  return accepted({ key: `inbox/${name}`, number });
}

describe('the committer', () => {
  test('takes jobs that commit at the same moment together, and answers each with its own results', async () => {
    const { committer, calls, told } = committing();
    const results = await Promise.all([
      committer.commit([input('a.md'), input('b.md')]),
      committer.commit([]),
      committer.commit([input('c.md')]),
    ]);
    expect(results.map((list) => list.length)).toEqual([2, 0, 1]);
    expect(calls).toEqual([3]);
    expect(told).toEqual(['a.md committed', 'b.md committed', 'grew', 'c.md committed', 'grew']);
  });

  test('keeps a round trip to 200 observations, unless one job alone has more', async () => {
    const { committer, calls } = committing();
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => input(`${from + i}.md`));
    await Promise.all([
      committer.commit(many(0, 150)),
      committer.commit(many(200, 50)),
      committer.commit(many(300, 1)),
      committer.commit(many(400, 250)),
    ]);
    expect(calls).toEqual([200, 1, 250]);
  });

  test('lets one bad commit fail its own job alone', async () => {
    const { committer, port } = committing((inputs) =>
      inputs.some(({ observation }) => observation.path === 'bad.md') ? 'before' : null,
    );
    const [good, bad, other] = await Promise.allSettled([
      committer.commit([input('a.md')]),
      committer.commit([input('bad.md')]),
      committer.commit([input('b.md')]),
    ]);
    expect([good.status, bad.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(bad).toMatchObject({ reason: expect.any(StateStoreError) as unknown });
    expect([...port.sources.keys()].toSorted()).toEqual(['inbox/a.md', 'inbox/b.md']);
  });

  test('wakes the sinks for what turns out to be committed already: who did it may not have come to that', async () => {
    const { committer, told } = committing((inputs) => (inputs.length > 1 ? 'after' : null));
    await Promise.all([committer.commit([input('a.md')]), committer.commit([input('b.md')])]);
    expect(told).toEqual(['a.md stale', 'grew', 'b.md stale', 'grew']);
  });

  test('wakes nobody for what is unchanged', async () => {
    const { committer, told } = committing();
    await committer.commit([input('a.md')]);
    told.length = 0;
    await committer.commit([same({ key: 'inbox/a.md', number: 2 })]);
    expect(told).toEqual(['a.md committed']);
  });
});
