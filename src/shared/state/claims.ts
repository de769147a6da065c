import { isoOfNs } from '../record/build.js';
import type { Claim, Rank } from './rows.js';

/**
 * Orders claims to one article, the record's first: latest `publishedDateTime` (none ranks last), then latest
 * modification, then the key that is first in byte order. Total over distinct keys, so that any order of arrival
 * ends in the same record.
 */
export function compareClaims(a: Claim, b: Claim): number {
  return compareRanks(a.rank, b.rank) || compareBytes(a.sourceKey, b.sourceKey);
}

function compareRanks(a: Rank, b: Rank): number {
  const published = (b.published ?? Number.NEGATIVE_INFINITY) - (a.published ?? Number.NEGATIVE_INFINITY);
  if (published !== 0 && !Number.isNaN(published)) return published;
  const modified = BigInt(b.mtimeNs) - BigInt(a.mtimeNs);
  return modified > 0n ? 1 : modified < 0n ? -1 : 0;
}

/** UTF-8 byte order, which UTF-16 code unit order is not above U+FFFF. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The claims without those of `sourceKey`. */
export function without(claims: readonly Claim[], sourceKey: string): Claim[] {
  return claims.filter((claim) => claim.sourceKey !== sourceKey);
}

/** The same claim made from another path: a bad file was renamed, and the last good record stays. */
export function renamed(claim: Claim, to: { key: string; path: string }): Claim {
  const body = JSON.parse(claim.body) as { source: { path: string } };
  body.source.path = to.path;
  return { ...claim, sourceKey: to.key, path: to.path, body: JSON.stringify(body) };
}

/** The same claim of a file that was only touched: its modification time counts in `compareClaims`. */
export function touched(claim: Claim, mtimeNs: string): Claim {
  const body = JSON.parse(claim.body) as { source: { modifiedAt: string } };
  body.source.modifiedAt = isoOfNs(mtimeNs);
  return { ...claim, rank: { ...claim.rank, mtimeNs }, body: JSON.stringify(body) };
}
