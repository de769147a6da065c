import type { Logger } from 'pino';
import type { Job } from 'bullmq';
import type { JobFlows, JobQueue } from '../queues/backends/contract.js';
import { pictureFlow } from '../queues/flows.js';
import { stageJob } from '../queues/job-options.js';
import { articlesPayload, checkPayload, observationJobId } from '../queues/payloads.js';
import { skippedImage } from '../shared/pictures/record-image.js';
import type { RecordImage } from '../shared/record/schema.js';
import type { CommitInput, StateStore } from '../shared/state/contract.js';
import type { Observation, Present } from '../shared/state/observation.js';
import type { Committer } from './committer.js';
import { findingOf, readArticle, type ReadingRules } from './reading.js';

export interface ValidateDeps {
  readonly state: StateStore;
  readonly committer: Committer;
  readonly articles: JobQueue;
  readonly flows: JobFlows;
  readonly rules: ReadingRules;
  readonly log: Logger;
  readonly countPictures: (images: readonly RecordImage[]) => void;
}

/** What is to be done with an observation: commit it, or have its pictures fetched first. */
type Step =
  | { readonly kind: 'commit'; readonly input: CommitInput }
  | { readonly kind: 'pictures'; readonly flow: ReturnType<typeof pictureFlow> };

/**
 * The `articles` stage: observations in, commits or flows out.
 *
 * An article without pictures is scored and committed here, at the cost of its share of one job; one with pictures goes
 * on as a flow. A bad file is a commit like any other. Run again, the same job finds its commits done and its flows
 * there. One article that fails in a chunk is put again as a job of its own, so that the others are not held up.
 */
export async function validate(job: Job, deps: ValidateDeps): Promise<void> {
  const { observations } = checkPayload(articlesPayload, job.data, 'articles', job.id ?? '?');
  const steps = await Promise.all(
    observations.map((observation) => attempt(observation, observations.length, deps)),
  );
  const inputs = steps.flatMap((step) => (step?.kind === 'commit' ? [step.input] : []));
  const flows = steps.flatMap((step) => (step?.kind === 'pictures' ? [step.flow] : []));
  const results = await deps.committer.commit(inputs);
  if (flows.length > 0) await deps.flows.addBulk(flows);

  const differing = inputs.filter((_, index) => results[index]?.kind === 'differs');
  if (differing.length > 0) await readWhole(differing, deps);
}

async function attempt(observation: Observation, inChunk: number, deps: ValidateDeps): Promise<Step | null> {
  try {
    return await stepFor(observation, deps);
  } catch (error) {
    if (inChunk === 1) throw error;
    const jobId = observationJobId(observation);
    deps.log.warn(
      { err: error, jobId, path: observation.path },
      'An article failed in its chunk and gets a job of its own',
    );
    await deps.articles.add(observation.path, { observations: [observation] }, stageJob(jobId));
    return null;
  }
}

async function stepFor(observation: Observation, deps: ValidateDeps): Promise<Step> {
  if (observation.kind === 'gone') return commit({ observation, retry: 0, finding: { kind: 'gone' } });
  if (observation.sameAsCommitted) return commit({ observation, retry: 0, finding: { kind: 'same' } });
  return stepForReading(observation, deps);
}

async function stepForReading(observation: Present, deps: ValidateDeps): Promise<Step> {
  const reading = await readArticle(observation, deps.rules, deps.state);
  if (!reading.ok) {
    return commit({ observation, retry: 0, finding: { kind: 'rejected', problems: reading.problems } });
  }
  const { article } = reading;
  if (article.images.length > 0 && deps.rules.fetchImages) {
    return { kind: 'pictures', flow: pictureFlow(observation, article) };
  }
  const images = article.images.map((declared) => skippedImage(declared, 'off'));
  deps.countPictures(images);
  return commit({ observation, retry: 0, finding: findingOf(observation, article, images, deps.rules) });
}

function commit(input: CommitInput): Step {
  return { kind: 'commit', input };
}

/** What was thought to be as committed is not any more: these are read like any other. */
async function readWhole(inputs: readonly CommitInput[], deps: ValidateDeps): Promise<void> {
  const steps = await Promise.all(
    inputs.map(({ observation }) =>
      observation.kind === 'present' ? stepForReading(observation, deps) : stepFor(observation, deps),
    ),
  );
  await deps.committer.commit(steps.flatMap((step) => (step.kind === 'commit' ? [step.input] : [])));
  const flows = steps.flatMap((step) => (step.kind === 'pictures' ? [step.flow] : []));
  if (flows.length > 0) await deps.flows.addBulk(flows);
}
