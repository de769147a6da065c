import type { ScoreLine, Scores } from '../record/schema.js';
import { weightAt, type ScoringProfile } from './profile.js';
import { HEAT_SIGNALS, QUALITY_SIGNALS } from './registry.js';
import type { ScoringInput, Signal } from './signal.js';

export type { ScoringInput } from './signal.js';

/** An article's scores and how they came about. */
export interface Scored {
  /** Whole, 0 or more; the sum of the points in `scores.quality`. */
  readonly quality: number;
  /** Whole, `quality` or more; the sum of the points in `scores.heat`. */
  readonly heat: number;
  /** Quality reaches the profile's threshold, and this is no duplicate. */
  readonly published: boolean;
  readonly scores: Scores;
}

/** Scores an article. Pure: the same input and profile give the same scores, whatever came before and when. */
export function scoreArticle(input: ScoringInput, profile: ScoringProfile): Scored {
  const qualityLines = withFloor(linesOf(QUALITY_SIGNALS, input, profile));
  const quality = sum(qualityLines);
  const heatLines = [
    { signal: 'quality', points: quality, why: 'Heat starts at the quality.' },
    ...linesOf(HEAT_SIGNALS, input, profile).filter(({ points }) => points > 0),
  ];
  const declared = input.article.declaredScores;
  return {
    quality,
    heat: sum(heatLines),
    published: quality >= profile.publishThreshold && input.duplicateOf === undefined,
    scores: {
      profile: profile.name,
      quality: qualityLines,
      heat: heatLines,
      ...(declared === undefined ? {} : { declared }),
    },
  };
}

function linesOf(signals: readonly Signal[], input: ScoringInput, profile: ScoringProfile): ScoreLine[] {
  return signals.flatMap((signal) =>
    signal.find(input, profile).flatMap(({ weight, units, why }) => {
      const points = weightAt(profile, weight) * units;
      return points === 0 ? [] : [{ signal: signal.name, points, why }];
    }),
  );
}

/** Quality is never negative; the points say so, for they must add up. */
function withFloor(lines: ScoreLine[]): ScoreLine[] {
  const total = sum(lines);
  if (total >= 0) return lines;
  return [...lines, { signal: 'floor', points: -total, why: 'Quality is never below 0.' }];
}

function sum(lines: readonly ScoreLine[]): number {
  return lines.reduce((total, { points }) => total + points, 0);
}
