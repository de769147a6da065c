import type { ArticleRow, Claim, SourceRow } from './rows.js';

/**
 * How rows are kept, the same on every backend: compact JSON with short names, and beside it what the backend itself
 * reads or writes (times, revisions, numbers, bodies). `encode` of what `decode` gave is the same text again, which
 * is what makes "the row is still as it was read" a comparison of texts.
 */
interface StoredSource {
  readonly p: string;
  readonly n: number;
  readonly y?: number;
  readonly g?: 1;
  readonly f: string;
  readonly s?: readonly [bytes: number, mtimeNs: string, ctimeNs: string, inode: string, settled: 0 | 1];
  readonly o: SourceRow['outcome'];
  readonly a?: string;
  readonly h?: string;
  readonly r?: 1;
  readonly x?: SourceRow['problems'];
  readonly j?: number;
}

/** All of a source's row but its key and `at`. */
export function encodeSource(row: SourceRow): string {
  const { stat } = row;
  const stored: StoredSource = {
    p: row.path,
    n: row.number,
    ...(row.retry === 0 ? {} : { y: row.retry }),
    ...(row.gone ? { g: 1 } : {}),
    f: row.fingerprint,
    ...(stat ? { s: [stat.bytes, stat.mtimeNs, stat.ctimeNs, stat.inode, stat.settled ? 1 : 0] } : {}),
    o: row.outcome,
    ...(row.articleId === null ? {} : { a: row.articleId }),
    ...(row.contentHash === null ? {} : { h: row.contentHash }),
    ...(row.isRecord ? { r: 1 } : {}),
    ...(row.problems === null ? {} : { x: row.problems }),
    ...(row.rejections === 0 ? {} : { j: row.rejections }),
  };
  return JSON.stringify(stored);
}

export function decodeSource(key: string, at: number, text: string): SourceRow {
  const stored = JSON.parse(text) as StoredSource;
  const { s: stat } = stored;
  return {
    key,
    path: stored.p,
    number: stored.n,
    retry: stored.y ?? 0,
    gone: stored.g === 1,
    fingerprint: stored.f,
    stat: stat
      ? { bytes: stat[0], mtimeNs: stat[1], ctimeNs: stat[2], inode: stat[3], settled: stat[4] === 1 }
      : null,
    outcome: stored.o,
    articleId: stored.a ?? null,
    contentHash: stored.h ?? null,
    isRecord: stored.r === 1,
    problems: stored.x ?? null,
    rejections: stored.j ?? 0,
    at,
  };
}

/** `b`, the body, is left out for the record's claim: it is kept beside the row. */
interface StoredClaim {
  readonly k: string;
  readonly p: string;
  readonly h: string;
  readonly d?: number;
  readonly m: string;
  readonly b?: string;
}

interface StoredArticle {
  readonly v: number;
  readonly s: string;
  readonly c?: StoredClaim;
  readonly u?: readonly StoredClaim[];
  readonly t?: ArticleRow['told'];
}

/**
 * An article's row without its id, revision, `at` and sequence. `body` is the record's, by itself because it can be
 * large and the backend puts it into the log too; the empty text for an article that was removed.
 */
export function encodeArticle(row: ArticleRow): { text: string; body: string } {
  const stored: StoredArticle = {
    v: row.version,
    s: row.slug,
    ...(row.claim ? { c: encodeClaim(row.claim, false) } : {}),
    ...(row.runnersUp.length > 0 ? { u: row.runnersUp.map((claim) => encodeClaim(claim, true)) } : {}),
    ...(Object.keys(row.told).length > 0 ? { t: row.told } : {}),
  };
  return { text: JSON.stringify(stored), body: row.claim?.body ?? '' };
}

export interface StoredArticleParts {
  readonly id: string;
  readonly revision: number;
  readonly at: number;
  readonly sequence: number;
  readonly text: string;
  readonly body: string;
}

export function decodeArticle(parts: StoredArticleParts): ArticleRow {
  const stored = JSON.parse(parts.text) as StoredArticle;
  return {
    id: parts.id,
    revision: parts.revision,
    version: stored.v,
    slug: stored.s,
    claim: stored.c ? decodeClaim(stored.c, parts.body) : null,
    runnersUp: (stored.u ?? []).map((claim) => decodeClaim(claim, claim.b ?? '')),
    told: stored.t ?? {},
    at: parts.at,
    sequence: parts.sequence,
  };
}

function encodeClaim(claim: Claim, withBody: boolean): StoredClaim {
  const { published, mtimeNs } = claim.rank;
  return {
    k: claim.sourceKey,
    p: claim.path,
    h: claim.contentHash,
    ...(published === null ? {} : { d: published }),
    m: mtimeNs,
    ...(withBody ? { b: claim.body } : {}),
  };
}

function decodeClaim(stored: StoredClaim, body: string): Claim {
  return {
    sourceKey: stored.k,
    path: stored.p,
    contentHash: stored.h,
    rank: { published: stored.d ?? null, mtimeNs: stored.m },
    body,
  };
}
