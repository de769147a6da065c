import type { LogEntry } from '../../src/shared/events/log-entry.js';
import type { Change, CommitPort, CommitTransaction } from '../../src/shared/state/contract.js';
import type { ArticleRow, SourceRow } from '../../src/shared/state/rows.js';

/** Rows and log in memory, applied as `CommitTransaction.apply` says: for tests of the commit rule alone. */
export class MemoryCommitPort implements CommitPort {
  readonly sources = new Map<string, SourceRow>();
  readonly articles = new Map<string, ArticleRow>();
  readonly log: LogEntry[] = [];
  /** Calls of `transact`. */
  rounds = 0;
  /** Called between reading and applying: another process may write here. */
  beforeApply: (round: number) => void = () => undefined;

  transact<T>(work: (transaction: CommitTransaction) => Promise<T>): Promise<T> {
    this.rounds += 1;
    const round = this.rounds;
    return work({
      sources: (keys) => Promise.resolve(new Map(keys.map((key) => [key, this.sources.get(key) ?? null]))),
      articles: (ids) => Promise.resolve(new Map(ids.map((id) => [id, this.articles.get(id) ?? null]))),
      apply: (changes) => {
        this.beforeApply(round);
        return Promise.resolve(changes.map((change) => this.#apply(change)));
      },
    });
  }

  #apply(change: Change): boolean {
    const { expectedSources, expectedArticles } = change;
    const asRead =
      [...expectedSources].every(([key, row]) => (this.sources.get(key) ?? null) === row) &&
      [...expectedArticles].every(([id, row]) => (this.articles.get(id) ?? null) === row);
    if (!asRead) return false;
    const at = this.log.length + 1;
    const sequences = new Map<string, number>();
    for (const event of change.events) {
      const number = this.log.length + 1;
      this.log.push({ ...event, number, time: at });
      if (event.articleId !== '') sequences.set(event.articleId, number);
    }
    for (const row of change.sources) {
      if (!expectedSources.has(row.key)) throw new Error(`The row of ${row.key} was written unread.`);
      this.sources.set(row.key, { ...row, at });
    }
    for (const row of change.articles) this.#putArticle(row, expectedArticles, sequences, at);
    return true;
  }

  #putArticle(
    row: ArticleRow,
    expected: ReadonlyMap<string, ArticleRow | null>,
    sequences: ReadonlyMap<string, number>,
    at: number,
  ): void {
    const before = expected.get(row.id);
    if (before === undefined) throw new Error(`The row of ${row.id} was written unread.`);
    this.articles.set(row.id, {
      ...row,
      revision: row.revision + 1,
      sequence: sequences.get(row.id) ?? row.sequence,
      at: before?.version === row.version ? row.at : at,
    });
  }
}
