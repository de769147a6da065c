import { StateStoreError } from '../errors/errors.js';
import type { Change, CommitInput, CommitPort, CommitResult, CommitTransaction } from './contract.js';
import { decide, type Decision, type Loaded } from './decide.js';
import type { ArticleRow, SourceRow } from './rows.js';

/** Rounds in which nothing got through, after which a commit that keeps losing to others gives up; its job is tried again. */
const MAX_LOST_ROUNDS = 100;

interface Pending {
  readonly index: number;
  readonly input: CommitInput;
}

/**
 * Commits observations, each by itself all or nothing, in as few round trips as they allow: rows are read for all
 * together, decided on in memory (`decide`), and applied together. What touches a row that an earlier one in the
 * batch touches, or that somebody else changed meanwhile, is decided again on the rows as they then are.
 *
 * @returns one result for each input, in the same order.
 * @throws StateStoreError when the backend fails, or others keep changing the same rows.
 */
export async function commitBatch(port: CommitPort, inputs: readonly CommitInput[]): Promise<CommitResult[]> {
  const results: CommitResult[] = [];
  let pending: readonly Pending[] = inputs.map((input, index) => ({ index, input }));
  for (let lost = 0; pending.length > 0;) {
    if (lost === MAX_LOST_ROUNDS) {
      throw new StateStoreError(
        `Committing ${pending.length} observations: other processes keep changing the same rows.`,
      );
    }
    const batch = pending;
    pending = await port.transact((transaction) => attempt(transaction, batch, results));
    // Many observations of one article go one a round, and that is not losing.
    lost = pending.length < batch.length ? 0 : lost + 1;
  }
  return results;
}

/** Decides and applies what can be in one go; answers what is left for the next. */
async function attempt(
  transaction: CommitTransaction,
  batch: readonly Pending[],
  results: CommitResult[],
): Promise<Pending[]> {
  const rows = new Rows(transaction);
  await rows.load(batch.flatMap(sourcesOf), batch.flatMap(articlesOf));
  const decided = await decideAll(rows, batch);

  const touched = new Set<string>();
  const left: Pending[] = [];
  const applying: { pending: Pending; decision: Decision & { kind: 'change' } }[] = [];
  for (const { pending, decision } of decided) {
    const keys = decision.kind === 'change' ? rowsOf(decision.change) : [`s${pending.input.observation.key}`];
    if (keys.some((key) => touched.has(key))) left.push(pending);
    else if (decision.kind === 'change') applying.push({ pending, decision });
    else results[pending.index] = decision;
    for (const key of keys) touched.add(key);
  }
  if (applying.length === 0) return left;

  const applied = await transaction.apply(applying.map(({ decision }) => decision.change));
  applying.forEach(({ pending, decision }, index) => {
    if (applied[index] !== true) left.push(pending);
    else {
      const { outcome, articleId } = decision;
      results[pending.index] = { kind: 'committed', outcome, articleId };
    }
  });
  return left.sort((a, b) => a.index - b.index);
}

type Decided = { pending: Pending; decision: Exclude<Decision, { kind: 'needs' }> };

async function decideAll(rows: Rows, batch: readonly Pending[]): Promise<Decided[]> {
  for (;;) {
    const decisions = batch.map((pending) => ({ pending, decision: decide(pending.input, rows) }));
    const needs = decisions.flatMap(({ decision }) => (decision.kind === 'needs' ? [decision] : []));
    if (needs.length === 0) return decisions as Decided[];
    await rows.load(
      needs.flatMap((need) => need.sources),
      needs.flatMap((need) => need.articles),
    );
  }
}

function sourcesOf({ input: { observation } }: Pending): string[] {
  const from = observation.kind === 'present' ? observation.movedFrom : undefined;
  return from ? [observation.key, from.key] : [observation.key];
}

function articlesOf({ input: { finding } }: Pending): string[] {
  return finding.kind === 'accepted' ? [finding.articleId] : [];
}

function rowsOf(change: Change): string[] {
  return [
    ...[...change.expectedSources.keys()].map((key) => `s${key}`),
    ...[...change.expectedArticles.keys()].map((id) => `a${id}`),
  ];
}

class Rows implements Loaded {
  readonly #transaction: CommitTransaction;
  readonly #sources = new Map<string, SourceRow | null>();
  readonly #articles = new Map<string, ArticleRow | null>();

  constructor(transaction: CommitTransaction) {
    this.#transaction = transaction;
  }

  source(key: string): SourceRow | null | undefined {
    return this.#sources.get(key);
  }

  article(id: string): ArticleRow | null | undefined {
    return this.#articles.get(id);
  }

  async load(sources: readonly string[], articles: readonly string[]): Promise<void> {
    const [sourceRows, articleRows] = await Promise.all([
      sources.length > 0 ? this.#transaction.sources([...new Set(sources)]) : new Map<string, SourceRow>(),
      articles.length > 0
        ? this.#transaction.articles([...new Set(articles)])
        : new Map<string, ArticleRow>(),
    ]);
    for (const [key, row] of sourceRows) this.#sources.set(key, row);
    for (const [id, row] of articleRows) this.#articles.set(id, row);
    // A store that left a row out of its answer has none of it.
    for (const key of sources) if (!this.#sources.has(key)) this.#sources.set(key, null);
    for (const id of articles) if (!this.#articles.has(id)) this.#articles.set(id, null);
  }
}
