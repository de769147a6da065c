import { scoringProfileSchema, type ScoringProfile } from '../profile.js';
import { designOf, type Column } from './columns.js';
import type { Example } from './examples.js';
import { fitWeights, fitWhole } from './fit.js';

/** Lengths of title that are tried as free of charge. */
const FREE_CHARACTERS = [40, 50, 60, 70, 80, 90, 100];
/** A smaller cost of a character is none. */
const LEAST_SLOPE = 0.05;

/** A fitted profile, and of each weight that was fitted how many examples showed it. */
export interface Fitted {
  readonly profile: ScoringProfile;
  readonly weights: readonly {
    readonly weight: string;
    readonly points: number;
    readonly examples: number;
  }[];
}

/**
 * Fits the weights of a profile to scored articles, in whole points for each stated step. The start gives the shape of
 * the rules, the names that it values, and each weight that hardly an example shows. The same examples give the same
 * profile, in any order.
 */
export function fitProfile(examples: readonly Example[], start: ScoringProfile): Fitted {
  const sorted = examples.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const wanted = sorted.map((example) => example.wanted.quality);
  const profile = withTitleRule(sorted, wanted, start);
  const design = designOf(sorted, profile);
  const { weights } = fitWhole(design, wanted, fitWeights(design, wanted));
  const settled = pictureOrder(design.columns.map(({ path }, index) => [path, weights[index] ?? 0]));
  return {
    profile: withWeights({ ...profile, name: 'calibrated' }, settled),
    weights: settled.map(([path, points], index) => ({
      weight: path.join('.'),
      points,
      examples: design.columns[index]?.examples ?? 0,
    })),
  };
}

/** From which length a title costs, and how many characters cost how many whole points. */
function withTitleRule(
  examples: readonly Example[],
  wanted: readonly number[],
  start: ScoringProfile,
): ScoringProfile {
  const tried = [start.title.freeCharacters, ...FREE_CHARACTERS].map((freeCharacters) => {
    const title = { ...start.title, freeCharacters, stepCharacters: 1, perStep: 0 };
    const design = designOf(examples, { ...start, title });
    const { loss, weights } = fitWeights(design, wanted);
    const at = design.columns.findIndex(({ path }) => path[1] === 'perStep');
    return { freeCharacters, loss, slope: at === -1 ? undefined : (weights[at] ?? 0) };
  });
  const { freeCharacters, slope } = tried.reduce((best, one) => (one.loss < best.loss - 1e-6 ? one : best));
  if (slope === undefined) return start;
  return { ...start, title: { ...start.title, freeCharacters, ...statedStep(slope, start) } };
}

/** A cost a character as whole points for whole characters: -0.48 is -1 for each 2. */
function statedStep(
  slope: number,
  { title }: ScoringProfile,
): Pick<ScoringProfile['title'], 'stepCharacters' | 'perStep'> {
  const cost = Math.abs(slope);
  if (cost < LEAST_SLOPE) return { stepCharacters: title.stepCharacters, perStep: 0 };
  if (cost >= 1) return { stepCharacters: 1, perStep: -Math.round(cost) };
  return { stepCharacters: Math.round(1 / cost), perStep: -1 };
}

type Setting = readonly [path: Column['path'], points: number];

/** A picture that fits is worth no less than one that does not, whatever a handful of examples says. */
function pictureOrder(settings: readonly Setting[]): Setting[] {
  const fit = settings.find(([path]) => path[0] === 'picture' && path[1] === 'fit')?.[1];
  return settings.map(([path, points]) => [
    path,
    fit !== undefined && path[1] === 'unfit' ? Math.min(points, fit) : points,
  ]);
}

function withWeights(profile: ScoringProfile, settings: readonly Setting[]): ScoringProfile {
  const groups: Record<string, unknown> = { ...profile };
  for (const [[group, key], points] of settings) {
    groups[group] = { ...(groups[group] as Record<string, unknown>), [key]: points };
  }
  return scoringProfileSchema.parse(groups);
}
