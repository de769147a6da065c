import type { ScoringProfile } from '../profile.js';
import { scoreArticle } from '../score.js';
import { halves, mostCommonProvider, providerOf, type Example } from './examples.js';
import { fitProfile, type Fitted } from './fit-profile.js';
import { measure, type Measures } from './measures.js';

/** Fewer scored articles make no two halves that say anything. */
export const LEAST_SCORED = 20;

export interface Report {
  readonly all: Measures;
  /** Those of others than the most common provider: a rule for one provider shows nothing about them. */
  readonly others: Measures;
}

export interface Calibration extends Fitted {
  /** Fitted to one half and measured on the other, both ways round. */
  readonly folds: readonly (Report & { readonly trainedOn: number })[];
  /** The profile that was started from, on all files. */
  readonly before: Report;
  /** Domain of the provider that most files are from. */
  readonly mostCommonProvider: string | undefined;
}

/**
 * Fits a profile to all examples, and reports how well fitting does: the same fit to each half, measured on the other.
 * Wants `LEAST_SCORED` examples. Pure: the same examples and seed give the same answer.
 */
export function calibrate(examples: readonly Example[], start: ScoringProfile, seed: number): Calibration {
  const usual = mostCommonProvider(examples);
  const [one, other] = halves(examples, seed);
  const fold = (train: readonly Example[], test: readonly Example[]): Calibration['folds'][number] => ({
    trainedOn: train.length,
    ...reportOn(test, fitProfile(train, start).profile, usual),
  });
  return {
    ...fitProfile(examples, start),
    folds: [fold(one, other), fold(other, one)],
    before: reportOn(examples, start, usual),
    mostCommonProvider: usual,
  };
}

/** How well a profile agrees with the scores of the examples. */
export function reportOn(
  examples: readonly Example[],
  profile: ScoringProfile,
  usual: string | undefined,
): Report {
  const judge = (some: readonly Example[]): Measures =>
    measure(
      some.map(({ article, images, wanted }) => ({
        quality: scoreArticle({ article, images, related: [] }, profile).quality,
        wanted,
      })),
      profile.publishThreshold,
    );
  return {
    all: judge(examples),
    others: judge(examples.filter((example) => providerOf(example) !== usual)),
  };
}
