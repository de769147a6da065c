import { sourceHash } from '../article/ids.js';
import type { EventKind } from '../events/event.js';
import type { Gone, Present } from './observation.js';
import { compareClaims, renamed, touched, without } from './claims.js';
import type { Change, CommitInput, Finding } from './contract.js';
import type { LogDraft } from '../events/log-entry.js';
import type { ArticleRow, Claim, SourceOutcome, SourceRow } from './rows.js';

/** The rows that a decision looks at. `undefined` where the row has not been loaded, `null` where there is none. */
export interface Loaded {
  source(key: string): SourceRow | null | undefined;
  article(id: string): ArticleRow | null | undefined;
}

export type Decision =
  | { readonly kind: 'stale' }
  | { readonly kind: 'differs' }
  /** Rows that must be loaded before this can be decided. */
  | { readonly kind: 'needs'; readonly sources: readonly string[]; readonly articles: readonly string[] }
  | {
      readonly kind: 'change';
      readonly change: Change;
      readonly outcome: SourceOutcome;
      readonly articleId: string | null;
    };

/**
 * The commit rule, the same on every backend: what one observation of a source does to the rows of sources and
 * articles and to the log. Pure: rows in, rows and events out.
 *
 * Each source may claim one article. The record of an article is the best of its claims (`compareClaims`); the
 * others are kept whole as runners-up. Everything follows from which claims come and go:
 * - no record before: `created`; no claim left: `removed`; other content: `updated`; the same content from another
 *   source: `moved`; else nothing is told.
 * - A bad reading is told as `rejected` and leaves the claim of its source as it was.
 */
export function decide(input: CommitInput, loaded: Loaded): Decision {
  const work = new Workspace(loaded);
  const { observation, finding } = input;
  const row = work.source(observation.key);
  if (row && !isLater(input, row)) return decideStale(work, observation, row);
  if (finding.kind === 'same' && !isSame(observation, row)) return { kind: 'differs' };

  return decided(work, observation.key, applyFinding(work, input, row));
}

/**
 * A reading that comes too late says nothing of its own source any more; but if it was a rename, then it alone says
 * that the old path is gone.
 */
function decideStale(work: Workspace, observation: CommitInput['observation'], row: SourceRow): Decision {
  const from = observation.kind === 'present' ? observation.movedFrom : undefined;
  if (!from) return { kind: 'stale' };
  const old = work.source(from.key);
  if (old && old.number >= from.number) return { kind: 'stale' };
  const outcome = leave(work, from, old);
  const decision = decided(work, from.key, outcome);
  return decision.kind === 'change' ? { ...decision, articleId: row.articleId } : decision;
}

function decided(work: Workspace, key: string, outcome: SourceOutcome): Decision {
  if (work.missing.sources.size > 0 || work.missing.articles.size > 0) {
    return { kind: 'needs', sources: [...work.missing.sources], articles: [...work.missing.articles] };
  }
  return {
    kind: 'change',
    change: work.change(),
    outcome,
    articleId: work.source(key)?.articleId ?? null,
  };
}

function isLater({ observation, retry }: CommitInput, row: SourceRow): boolean {
  if (observation.number !== row.number) return observation.number > row.number;
  return retry > row.retry;
}

function isSame(observation: CommitInput['observation'], row: SourceRow | null): boolean {
  return (
    observation.kind === 'present' &&
    observation.movedFrom === undefined &&
    row !== null &&
    !row.gone &&
    row.fingerprint === observation.fingerprint
  );
}

function applyFinding(work: Workspace, input: CommitInput, row: SourceRow | null): SourceOutcome {
  const { observation, finding, retry } = input;
  if (observation.kind === 'gone') return leave(work, observation, row);
  const base = presentRow(observation, retry, row);
  switch (finding.kind) {
    case 'same':
      return seeAgain(work, base, row);
    case 'rejected':
      return reject(work, observation, base, finding.problems);
    case 'accepted':
      return accept(work, observation, base, finding);
    case 'gone':
      return leave(work, observation, row);
    default:
      return finding satisfies never;
  }
}

function presentRow(observation: Present, retry: number, row: SourceRow | null): SourceRow {
  return {
    key: observation.key,
    path: observation.path,
    number: observation.number,
    retry,
    gone: false,
    fingerprint: observation.fingerprint,
    stat: observation.stat,
    outcome: 'unchanged',
    articleId: row?.articleId ?? null,
    contentHash: row?.contentHash ?? null,
    isRecord: row?.isRecord ?? false,
    problems: null,
    rejections: row?.rejections ?? 0,
    at: 0,
  };
}

function goneRow(from: { key: string; path: string; number: number }, row: SourceRow | null): SourceRow {
  return {
    key: from.key,
    path: from.path,
    number: from.number,
    retry: 0,
    gone: true,
    fingerprint: '',
    stat: null,
    outcome: 'removed',
    articleId: null,
    contentHash: null,
    isRecord: false,
    problems: null,
    rejections: row?.rejections ?? 0,
    at: 0,
  };
}

function leave(work: Workspace, observation: Pick<Gone, 'key' | 'path' | 'number'>, row: SourceRow | null) {
  work.putSource(goneRow(observation, row));
  if (row?.articleId) work.changeClaims(row.articleId, (claims) => without(claims, observation.key));
  work.settle();
  return 'removed' as const;
}

/** The same bytes: nothing is new but the time of modification, by which the files of one article are ordered. */
function seeAgain(work: Workspace, base: SourceRow, row: SourceRow | null): SourceOutcome {
  if (row?.problems) {
    work.putSource({ ...base, problems: row.problems, outcome: 'rejected' });
    return 'rejected';
  }
  work.putSource(base);
  const mtimeNs = base.stat?.mtimeNs;
  if (row?.articleId && mtimeNs !== undefined && mtimeNs !== row.stat?.mtimeNs) {
    work.changeClaims(row.articleId, (claims) =>
      claims.map((claim) => (claim.sourceKey === base.key ? touched(claim, mtimeNs) : claim)),
    );
    work.settle();
  }
  return work.finishAccepted(base.key, row, null);
}

/** The row of the source that this one was renamed from, if it has not been seen again since. */
function movedFrom(work: Workspace, { movedFrom: from }: Present): SourceRow | null {
  if (!from) return null;
  const row = work.source(from.key);
  // Without a row the old path was never committed; the tombstone stops the reading that is still on its way.
  if (row === null) work.putSource(goneRow(from, null));
  if (!row || row.number >= from.number) return null;
  work.putSource({ ...goneRow(from, row), outcome: 'moved' });
  return row;
}

function reject(
  work: Workspace,
  observation: Present,
  base: SourceRow,
  problems: NonNullable<SourceRow['problems']>,
): SourceOutcome {
  const before = work.source(observation.key);
  const from = movedFrom(work, observation);
  const inherits = base.articleId === null && from?.articleId ? from : null;
  const toldAlready =
    before !== null &&
    !before.gone &&
    before.problems !== null &&
    before.fingerprint === observation.fingerprint;
  const rejections = base.rejections + (toldAlready ? 0 : 1);
  work.putSource({
    ...base,
    articleId: inherits?.articleId ?? base.articleId,
    contentHash: inherits?.contentHash ?? base.contentHash,
    isRecord: inherits?.isRecord ?? base.isRecord,
    problems,
    rejections,
    outcome: 'rejected',
  });
  if (!toldAlready) {
    work.tell({
      kind: 'rejected',
      id: `${sourceHash(observation.key)}:${rejections}:rejected`,
      articleId: '',
      version: 0,
      subject: observation.path,
      slug: '',
      contentHash: '',
      data: JSON.stringify({ path: observation.path, fingerprint: observation.fingerprint, problems }),
    });
  }
  if (inherits?.articleId) {
    work.changeClaims(inherits.articleId, (claims) =>
      claims.map((claim) => (claim.sourceKey === inherits.key ? renamed(claim, observation) : claim)),
    );
  } else if (from?.articleId) {
    work.changeClaims(from.articleId, (claims) => without(claims, from.key));
  }
  work.settle();
  return 'rejected';
}

function accept(
  work: Workspace,
  observation: Present,
  base: SourceRow,
  finding: Finding & { kind: 'accepted' },
): SourceOutcome {
  const before = work.source(observation.key);
  const from = movedFrom(work, observation);
  const { articleId, contentHash } = finding;
  const claim: Claim = {
    sourceKey: observation.key,
    path: observation.path,
    contentHash,
    rank: finding.rank,
    body: finding.body,
  };
  work.putSource({ ...base, articleId, contentHash });
  // The new article comes first in the log, then the old one is left.
  work.changeClaims(
    articleId,
    (claims) => [...without(without(claims, observation.key), from?.key ?? observation.key), claim],
    finding.slug,
  );
  if (before?.articleId && before.articleId !== articleId) {
    work.changeClaims(before.articleId, (claims) => without(claims, observation.key));
  }
  if (from?.articleId && from.articleId !== articleId) {
    work.changeClaims(from.articleId, (claims) => without(claims, from.key));
  }
  work.settle();
  return work.finishAccepted(observation.key, before, from);
}

/** The rows as this decision changes them, and which rows it still needs to see. */
class Workspace {
  readonly missing = { sources: new Set<string>(), articles: new Set<string>() };
  readonly #loaded: Loaded;
  readonly #sourcesRead = new Map<string, SourceRow | null>();
  readonly #articlesRead = new Map<string, ArticleRow | null>();
  readonly #sources = new Map<string, SourceRow>();
  readonly #articles = new Map<string, ArticleRow>();
  readonly #claims = new Map<string, { claims: Claim[]; slug: string }>();
  readonly #told = new Map<string, EventKind>();
  readonly #events: LogDraft[] = [];

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
  }

  source(key: string): SourceRow | null {
    const changed = this.#sources.get(key);
    if (changed) return changed;
    const row = this.#loaded.source(key);
    if (row === undefined) this.missing.sources.add(key);
    else this.#sourcesRead.set(key, row);
    return row ?? null;
  }

  putSource(row: SourceRow): void {
    this.source(row.key);
    this.#sources.set(row.key, row);
  }

  tell(event: LogDraft): void {
    this.#events.push(event);
  }

  changeClaims(articleId: string, change: (claims: readonly Claim[]) => Claim[], slug = ''): void {
    const row = this.#article(articleId);
    const entry = this.#claims.get(articleId) ?? { claims: allClaims(row), slug: '' };
    this.#claims.set(articleId, { claims: change(entry.claims), slug: slug || entry.slug });
  }

  #article(id: string): ArticleRow | null {
    const row = this.#loaded.article(id);
    if (row === undefined) this.missing.articles.add(id);
    else this.#articlesRead.set(id, row);
    return row ?? null;
  }

  /** Finds each touched article's record among its claims, and what is to be told of it. */
  settle(): void {
    for (const [id, { claims, slug }] of this.#claims) {
      const before = this.#article(id);
      const settled = settleArticle(id, before, claims.toSorted(compareClaims), slug);
      if (!settled) continue;
      this.#articles.set(id, settled.row);
      if (settled.event) {
        this.#events.push(settled.event);
        this.#told.set(id, settled.event.kind);
      }
      this.#markRecord(before?.claim?.sourceKey, settled.row);
    }
  }

  /** Keeps `isRecord` and the outcome true in the rows of other sources: the one displaced, the one promoted. */
  #markRecord(previous: string | undefined, row: ArticleRow): void {
    const current = row.claim?.sourceKey;
    for (const claim of allClaims(row)) {
      const key = claim.sourceKey;
      if (key !== current && key !== previous && !this.#sources.has(key)) continue;
      const source = this.source(key);
      if (!source || source.isRecord === (key === current)) continue;
      const outcome = source.problems ? 'rejected' : key === current ? this.#outcomeOf(row.id) : 'superseded';
      this.#sources.set(key, { ...source, isRecord: key === current, outcome });
    }
  }

  #outcomeOf(articleId: string): SourceOutcome {
    const told = this.#told.get(articleId);
    return told === 'created' || told === 'updated' || told === 'moved' ? told : 'unchanged';
  }

  finishAccepted(key: string, before: SourceRow | null, from: SourceRow | null): SourceOutcome {
    const row = this.source(key);
    if (!row?.articleId) return 'unchanged';
    const earlier = from ?? before;
    const asBefore =
      earlier !== null && earlier.articleId === row.articleId && earlier.contentHash === row.contentHash;
    const outcome = row.isRecord
      ? this.#outcomeOf(row.articleId)
      : asBefore && !earlier.isRecord
        ? 'unchanged'
        : 'superseded';
    this.#sources.set(key, { ...row, outcome });
    return outcome;
  }

  change(): Change {
    return {
      expectedSources: this.#sourcesRead,
      expectedArticles: this.#articlesRead,
      sources: [...this.#sources.values()],
      articles: [...this.#articles.values()],
      events: this.#events,
    };
  }
}

function allClaims(row: ArticleRow | null): Claim[] {
  return row?.claim ? [row.claim, ...row.runnersUp] : [];
}

/** What becomes of an article whose claims, best first, are now these; null when nothing does. */
function settleArticle(
  id: string,
  before: ArticleRow | null,
  claims: readonly Claim[],
  slug: string,
): { row: ArticleRow; event: LogDraft | null } | null {
  const [claim, ...runnersUp] = claims;
  const was = before?.claim ?? null;
  if (!claim) return was && before ? removal(before, was) : null;

  const next: ArticleRow = {
    id,
    revision: before?.revision ?? 0,
    version: before?.version ?? 0,
    slug: before?.slug ?? slug,
    claim,
    runnersUp,
    told: before?.told ?? {},
    at: before?.at ?? 0,
    sequence: before?.sequence ?? 0,
  };
  if (!was || was.contentHash !== claim.contentHash) {
    const kind = was ? 'updated' : 'created';
    const row = { ...next, version: next.version + 1, told: { [kind]: 1 } };
    return { row, event: contentEvent(row, claim, kind) };
  }
  if (was.sourceKey === claim.sourceKey) return { row: next, event: null };
  const n = (next.told.moved ?? 0) + 1;
  const row = { ...next, told: { ...next.told, moved: n } };
  return { row, event: moveEvent(row, n, was.path, claim.path) };
}

function removal(before: ArticleRow, was: Claim): { row: ArticleRow; event: LogDraft } {
  const row = { ...before, version: before.version + 1, claim: null, runnersUp: [], told: { removed: 1 } };
  const data = JSON.stringify({ id: row.id, version: row.version });
  return { row, event: { ...eventBase(row, 'removed', 1), subject: was.path, data } };
}

function contentEvent(row: ArticleRow, claim: Claim, kind: 'created' | 'updated'): LogDraft {
  return {
    ...eventBase(row, kind, 1),
    subject: claim.path,
    slug: row.slug,
    contentHash: claim.contentHash,
    data: claim.body,
  };
}

function moveEvent(row: ArticleRow, n: number, from: string, to: string): LogDraft {
  const data = JSON.stringify({ id: row.id, version: row.version, from, to });
  return { ...eventBase(row, 'moved', n), subject: to, data };
}

function eventBase(row: ArticleRow, kind: EventKind, n: number) {
  return {
    kind,
    id: `${row.id}:${row.version}:${kind}:${n}`,
    articleId: row.id,
    version: row.version,
    slug: '',
    contentHash: '',
  };
}
