import type { Job } from 'bullmq';
import type { Logger } from 'pino';
import { putOffMs } from '../queues/job-options.js';
import type { RefetchPayload } from '../queues/payloads.js';
import { contentHash } from '../shared/article/content-hash.js';
import { chooseLead } from '../shared/pictures/choose-lead.js';
import { inDeclaredOrder } from '../shared/pictures/in-declared-order.js';
import { articleOfRecord } from '../shared/record/build.js';
import type { DeclaredImage, RecordBody, RecordImage } from '../shared/record/schema.js';
import { scoreArticle } from '../shared/scoring/score.js';
import type { CommitInput, StateStore } from '../shared/state/contract.js';
import type { Present } from '../shared/state/observation.js';
import type { ArticleRow, Claim, SourceRow } from '../shared/state/rows.js';
import type { Committer } from './committer.js';
import type { PictureFetching } from './picture-fetching.js';
import { putOff } from './put-off.js';
import type { ReadingRules } from './reading.js';
import { isUnreached, refetchLater, type RefetchLaterDeps } from './refetch-later.js';

/** A host that rests for no longer than this is waited for: its trial is about to tell. */
const SHORT_REST_MS = 2000;
/** A job that was cut by a stop comes back after this: another process may go on with it. */
const AFTER_STOP_MS = 1000;
const AGAIN_MS = 100;
/** How long the commit of a reading is waited for: longer than all tries of its job take. */
const MAX_AWAITED_MS = 10 * 60_000;

export interface RefetchDeps extends RefetchLaterDeps, PictureFetching {
  readonly state: StateStore;
  readonly committer: Committer;
  readonly rules: Pick<ReadingRules, 'profile'>;
  readonly log: Logger;
  /** Aborted when this process stops: a job that nobody waits for must not hold it up. */
  readonly leaving: AbortSignal;
}

type Picture = RefetchPayload['pictures'][number];

/** What the state has of the reading whose pictures are to be fetched. */
interface Standing {
  readonly row: SourceRow;
  readonly article: ArticleRow;
  readonly claim: Claim;
}

/**
 * Fetches the pictures of an article that could not be reached again, outside the flow: all of them in one job, so that
 * one `updated` tells of them all.
 *
 * Does nothing when the article has been saved with other content or is gone by then. What is found, verified or bad, is
 * committed under the same observation with its retry one higher; what is still not reached gets the next job, put before
 * the commit, so that a crash between the two loses nothing. Run again it finds its pictures in the store and its commit
 * done. A file that is not the article's record is treated the same: it may become it.
 */
export async function refetch(
  job: Job,
  token: string | undefined,
  payload: RefetchPayload,
  deps: RefetchDeps,
): Promise<void> {
  const { observation, attempt } = payload;
  const standing = await findStanding(observation, deps.state);
  if (standing === 'over') return;
  if (standing === 'awaited') return awaitCommit(job, token, payload);
  const { pictures, busyMs, leftMs } = await lookAgain(job, token, payload, deps);
  if (busyMs !== null) return putOffBusy(job, token, { ...payload, pictures }, busyMs);
  const delay = await refetchLater({ ...payload, pictures, attempt: attempt + 1 }, leftMs, deps);
  const input = commitOf(observation, pictures, standing, deps.rules);
  const [result] = input ? await deps.committer.commit([input]) : [];
  // Somebody else committed in between: on what is there now it is decided anew.
  if (result?.kind === 'stale') return putOff(job, token, AGAIN_MS, { ...payload, pictures });
  deps.log.debug(
    { path: observation.path, attempt, changed: input !== null, nextInMs: delay },
    'Pictures that could not be reached were fetched again',
  );
}

/**
 * `over`: the source has been read with other content, was found bad or is gone. `awaited`: the commit of this reading
 * is not there yet. Read again with the same content it still stands.
 */
async function findStanding(
  { key, number, fingerprint }: Present,
  state: StateStore,
): Promise<Standing | 'over' | 'awaited'> {
  const row = (await state.sources([key])).get(key) ?? null;
  if (row === null || row.number < number) return 'awaited';
  if (row.gone || row.articleId === null || row.problems !== null || row.fingerprint !== fingerprint) {
    return 'over';
  }
  const article = await state.article(row.articleId);
  const claims = article?.claim ? [article.claim, ...article.runnersUp] : [];
  const claim = claims.find(({ sourceKey }) => sourceKey === key);
  return article && claim ? { row, article, claim } : 'over';
}

/** The commit comes within moments, or with the next try of its job; one that does not come has failed for good. */
async function awaitCommit(job: Job, token: string | undefined, payload: RefetchPayload): Promise<void> {
  const { waitingSince = Date.now() } = payload;
  if (Date.now() - waitingSince > MAX_AWAITED_MS) return;
  await putOffBusy(job, token, payload, 0);
}

interface Looked {
  readonly pictures: Picture[];
  /** When to ask the busy ones of their hosts again; null when none was busy. */
  readonly busyMs: number | null;
  /** The longest time for which a host of those not reached wants to be left alone. */
  readonly leftMs: number;
}

/** Asks for the unreached pictures; those that are verified or bad stay as they are known. */
async function lookAgain(
  job: Job,
  token: string | undefined,
  { pictures, baseUrl }: RefetchPayload,
  deps: RefetchDeps,
): Promise<Looked> {
  const { leaving: signal, pictureMs: withinMs } = deps;
  const waits: number[] = [];
  const rests: number[] = [];
  const look = async (picture: Picture): Promise<Picture> => {
    const { declared, image } = picture;
    if (!isUnreached(image)) return picture;
    const answer = await deps.fetchPicture({ declared, baseUrl, withinMs, signal });
    if (answer.busy) {
      waits.push(answer.waitMs);
      return picture;
    }
    const restMs = answer.retryAfterMs ?? 0;
    if (answer.image.reason === 'resting' && restMs <= SHORT_REST_MS) waits.push(restMs);
    else if (isUnreached(answer.image)) rests.push(restMs);
    return { declared, image: answer.image };
  };
  const results = await Promise.allSettled(pictures.map(look));
  if (signal.aborted) return putOff(job, token, AFTER_STOP_MS, null);
  const looked = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  return {
    pictures: looked,
    busyMs: waits.length > 0 ? Math.max(...waits) : null,
    leftMs: Math.max(0, ...rests),
  };
}

/** What was found out is kept in the job; nobody waits for it, so it may come back as often as it takes. */
function putOffBusy(
  job: Job,
  token: string | undefined,
  payload: RefetchPayload,
  waitMs: number,
): Promise<never> {
  const now = Date.now();
  const waitingSince = payload.waitingSince ?? now;
  const delay = putOffMs('later', { waitMs, waitedMs: now - waitingSince, random: Math.random() });
  return putOff(job, token, delay, { ...payload, waitingSince });
}

/** The commit of what was found; null when it changes nothing. */
function commitOf(
  observation: Present,
  pictures: readonly Picture[],
  { row, article: { id, slug }, claim }: Standing,
  { profile }: Pick<ReadingRules, 'profile'>,
): CommitInput | null {
  const body = JSON.parse(claim.body) as RecordBody;
  const article = articleOfRecord(
    body,
    pictures.map(({ declared }) => declared),
  );
  const images = chooseLead(pictures.map((picture) => inFileOrder(picture, body.images)));
  const hash = contentHash(article, images);
  if (hash === claim.contentHash) return null;
  const { quality, heat, published, scores } = scoreArticle(
    { article, images, related: article.related },
    profile,
  );
  const record: RecordBody = { ...body, images, quality, heat, published, scores };
  return {
    observation: {
      ...observation,
      number: row.number,
      path: row.path,
      ...(row.stat ? { stat: row.stat } : {}),
    },
    retry: row.retry + 1,
    finding: {
      kind: 'accepted',
      articleId: id,
      slug,
      contentHash: hash,
      rank: claim.rank,
      body: JSON.stringify(record),
    },
  };
}

/** Keys that no schema names in the order of the file, which job data on Postgres has lost and the record kept. */
function inFileOrder({ declared, image }: Picture, known: readonly RecordImage[]): RecordImage {
  const order = Object.keys(known.find(({ url }) => url === declared.url) ?? {});
  const entries = Object.entries(declared).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return inDeclaredOrder(Object.fromEntries(entries) as DeclaredImage, image);
}
