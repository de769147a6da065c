import { contentHash } from '../shared/article/content-hash.js';
import { articleId, slugOf } from '../shared/article/ids.js';
import { parseArticle } from '../shared/article/parse.js';
import type { Problem } from '../shared/article/problem.js';
import { StateStoreError } from '../shared/errors/errors.js';
import { buildRecordBody } from '../shared/record/build.js';
import type { Article, RecordImage } from '../shared/record/schema.js';
import type { ScoringProfile } from '../shared/scoring/profile.js';
import { scoreArticle } from '../shared/scoring/score.js';
import type { Finding, StateStore } from '../shared/state/contract.js';
import type { Present } from '../shared/state/observation.js';

/** What turns an article into a record besides the article. */
export interface ReadingRules {
  readonly timeZone?: string;
  readonly profile: ScoringProfile;
  /** False when pictures are off: they are then `skipped`. */
  readonly fetchImages: boolean;
}

export type Reading =
  { readonly ok: true; readonly article: Article } | { readonly ok: false; readonly problems: Problem[] };

/**
 * The article that an observation says, or everything that is wrong with it.
 * @throws StateStoreError when a larger text cannot be had from the state.
 */
export async function readArticle(
  observation: Present,
  rules: Pick<ReadingRules, 'timeZone'>,
  state: Pick<StateStore, 'blob'>,
): Promise<Reading> {
  if (observation.problem) return { ok: false, problems: [observation.problem] };
  const text = observation.text ?? (await state.blob(observation.fingerprint));
  if (text === null) {
    throw new StateStoreError(
      `The text of ${observation.path} is no longer in the state; the next scan reads it again.`,
    );
  }
  return parseArticle(text, {
    format: /\.html?$/i.test(observation.path) ? 'html' : 'markdown',
    ...(rules.timeZone === undefined ? {} : { timeZone: rules.timeZone }),
  });
}

/** The finding of a good article whose pictures are known: scored, hashed, and put together as a record. */
export function findingOf(
  observation: Present,
  article: Article,
  images: readonly RecordImage[],
  rules: ReadingRules,
): Finding & { kind: 'accepted' } {
  const { path, stat } = observation;
  const scored = scoreArticle({ article, images, related: article.related }, rules.profile);
  const body = buildRecordBody({
    article,
    images,
    source: { path, bytes: stat.bytes, mtimeNs: stat.mtimeNs },
    scored,
  });
  const id = articleId({
    sourceKey: observation.key,
    ...(article.canonicalUrl === undefined ? {} : { canonicalUrl: article.canonicalUrl }),
  });
  return {
    kind: 'accepted',
    articleId: id,
    slug: slugOf(article.title, id),
    contentHash: contentHash(article, images),
    rank: {
      published: article.publishedDateTime === undefined ? null : Date.parse(article.publishedDateTime),
      mtimeNs: stat.mtimeNs,
    },
    body: JSON.stringify(body),
  };
}
