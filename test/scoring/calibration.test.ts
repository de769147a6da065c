import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate, reportOn } from '../../src/shared/scoring/calibration/calibrate.js';
import { halves, mostCommonProvider } from '../../src/shared/scoring/calibration/examples.js';
import { fitProfile } from '../../src/shared/scoring/calibration/fit-profile.js';
import { measure, rocArea, spearman } from '../../src/shared/scoring/calibration/measures.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';
import { scoringProfileSchema } from '../../src/shared/scoring/profile.js';
import { scoredExamples } from './examples.js';

const hidden = scoringProfileSchema.parse({
  topics: { first: 11, further: 6, namedInTitle: 9 },
  title: { freeCharacters: 50, stepCharacters: 5, perStep: -1 },
  picture: { fit: 31, unfit: 12 },
  page: { mobile: 4 },
  provider: { withLogo: 25 },
  types: { video: -8 },
});

describe('a fitted profile', () => {
  it('finds the weights that the articles were scored with, in whole points', () => {
    const { profile, weights } = fitProfile(scoredExamples(200, hidden), defaultProfile);
    expect(profile).toEqual({ ...hidden, name: 'calibrated' });
    expect(weights).toContainEqual({ weight: 'provider.withLogo', points: 25, examples: 80 });
  });

  it('finds them also when some articles follow another rule', () => {
    const examples = scoredExamples(200, hidden).map((example, n) =>
      n % 10 === 3 ? { ...example, wanted: { quality: 5, published: false } } : example,
    );
    expect(fitProfile(examples, defaultProfile).profile).toEqual({ ...hidden, name: 'calibrated' });
  });

  it('does not depend on the order of the files', () => {
    const examples = scoredExamples(60, hidden);
    expect(fitProfile(examples.toReversed(), defaultProfile)).toEqual(fitProfile(examples, defaultProfile));
  });

  it('keeps the weights that hardly a file shows, and names that a person valued', () => {
    const start = scoringProfileSchema.parse({
      title: { clickbait: -9 },
      provider: { valued: { 'tide.example': 6 } },
    });
    const { profile } = fitProfile(scoredExamples(100, hidden), start);
    expect(profile.title.clickbait).toBe(-9);
    expect(profile.provider.valued).toEqual({ 'tide.example': 6 });
  });

  it('never rewards what is a fault, nor punishes what is a merit', () => {
    const upsideDown = scoringProfileSchema.parse({
      title: { perStep: 3 },
      provider: { withLogo: -30 },
      topics: { first: 40 },
      page: { mobile: -20 },
    });
    const { profile } = fitProfile(scoredExamples(150, upsideDown), defaultProfile);
    expect(profile.title.perStep).toBeLessThanOrEqual(0);
    expect(profile.provider.withLogo).toBe(0);
    expect(profile.page.mobile).toBe(0);
  });
});

describe('calibration', () => {
  it('measures each half with what was fitted to the other', () => {
    const {
      folds,
      before,
      mostCommonProvider: usual,
    } = calibrate(scoredExamples(120, hidden), defaultProfile, 1);
    expect(usual).toBe('harbour.example');
    expect(
      folds.map(({ trainedOn, all, others }) => [trainedOn, all.files, others.files < all.files]),
    ).toEqual([
      [60, 60, true],
      [60, 60, true],
    ]);
    for (const { all, others } of folds) {
      expect(all).toMatchObject({ auc: 1, accuracy: 1 });
      expect(all.rho).toBeGreaterThan(0.99);
      expect(others.rho).toBeGreaterThan(0.99);
    }
    expect(before.all.rho).toBeLessThan(0.95);
  });

  it('halves the files the same for the same seed, whatever their order', () => {
    const examples = scoredExamples(41, hidden);
    const keys = (seed: number, some = examples): string[] =>
      halves(some, seed).map((half) =>
        half
          .map(({ key }) => key)
          .toSorted()
          .join(),
      );
    expect(keys(1, examples.toReversed())).toEqual(keys(1));
    expect(keys(2)).not.toEqual(keys(1));
    expect(halves(examples, 1).map(({ length }) => length)).toEqual([21, 20]);
  });

  it('knows of no common provider where there is no file, and measures nothing as nothing', () => {
    expect(mostCommonProvider([])).toBeUndefined();
    const nothing = { files: 0, rho: null, auc: null, accuracy: null };
    expect(reportOn([], defaultProfile, undefined)).toEqual({ all: nothing, others: nothing });
  });
});

describe('measures', () => {
  it('are 1 for the same order, -1 and 0 for the opposite one', () => {
    expect(spearman([1, 2, 30], [5, 6, 7])).toBeCloseTo(1);
    expect(spearman([3, 2, 1], [5, 6, 7])).toBeCloseTo(-1);
    // By hand: ranks 1 2.5 2.5 4 against 1 3 2 4.
    expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5));
    const rows = (...qualities: number[]) => qualities.map((quality, n) => ({ quality, isYes: n < 2 }));
    expect(rocArea(rows(9, 8, 1, 2))).toBe(1);
    expect(rocArea(rows(1, 2, 8, 9))).toBe(0);
    expect(rocArea(rows(5, 5, 5, 5))).toBe(0.5);
  });

  it('are null where they cannot be said', () => {
    expect(spearman([1, 1], [1, 2])).toBeNull();
    expect(rocArea([{ quality: 1, isYes: true }])).toBeNull();
    expect(measure([{ quality: 1, wanted: { quality: 1 } }], 70)).toMatchObject({
      auc: null,
      accuracy: null,
    });
  });

  it('count pairs as the area under the curve does', () => {
    const some = fc.array(fc.record({ quality: fc.integer({ min: 0, max: 9 }), isYes: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(some, (rows) => {
        const [yes, no] = [rows.filter(({ isYes }) => isYes), rows.filter(({ isYes }) => !isYes)];
        const wins = yes.flatMap((a) =>
          no.map((b) => (a.quality > b.quality ? 1 : a.quality === b.quality ? 0.5 : 0)),
        );
        const area = rocArea(rows);
        if (wins.length === 0) expect(area).toBeNull();
        else expect(area).toBeCloseTo(wins.reduce<number>((sum, win) => sum + win, 0) / wins.length);
      }),
    );
  });
});
