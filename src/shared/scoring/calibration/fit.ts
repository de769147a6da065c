import type { Column, Design } from './columns.js';

/** Points of difference from which an example counts by its distance, no longer by the square of it (Huber, 1964). */
const FAR_POINTS = 1;
/** Rounds of reweighting, each of sweeps over all weights until none moves by `STILL_POINTS`. */
const ROUNDS = 30;
const SWEEPS = 300;
const STILL_POINTS = 1e-3;
/** A pull towards where we started, so small that it settles only what the examples leave open. */
const RIDGE = 1e-3;

/** Real weights, one for each column, within their bounds, and how far off the examples are with them. */
export interface Fit {
  readonly weights: readonly number[];
  /** Sum of Huber's loss over the examples; 0 is perfect. */
  readonly loss: number;
}

/**
 * Fits weights by least squares within bounds, by coordinate descent, reweighted so that a few examples which follow
 * another rule do not pull the others along. The same input gives the same weights.
 */
export function fitWeights({ columns, fixed }: Design, wanted: readonly number[]): Fit {
  const weights = columns.map(({ start, least, most }) => clamp(start, least, most));
  const rest = residuals(columns, weights, fixed, wanted);
  for (let round = 0; round < ROUNDS; round++) {
    const trust = rest.map((off) => Math.min(1, FAR_POINTS / Math.abs(off || 1)));
    let sweeps = 0;
    while (sweeps < SWEEPS && sweepOnce(columns, weights, rest, trust)) sweeps++;
    if (sweeps === 0) break;
  }
  return { weights, loss: totalLoss(rest) };
}

/** Moves each weight to its best place with the others held; false when none moved by a visible amount. */
function sweepOnce(
  columns: readonly Column[],
  weights: number[],
  rest: number[],
  trust: readonly number[],
): boolean {
  let moved = 0;
  columns.forEach(({ units, start, least, most }, index) => {
    const now = weights[index] ?? 0;
    let [pull, stiffness] = [RIDGE * (start - now), RIDGE];
    units.forEach((count, row) => {
      pull += (trust[row] ?? 0) * count * (rest[row] ?? 0);
      stiffness += (trust[row] ?? 0) * count * count;
    });
    const next = clamp(now + pull / stiffness, least, most);
    shift(rest, units, now - next);
    weights[index] = next;
    moved = Math.max(moved, Math.abs(next - now));
  });
  return moved > STILL_POINTS;
}

/**
 * Whole weights near real ones: each rounded, then moved by a point at a time, alone or against another, for as long
 * as that brings the examples closer.
 */
export function fitWhole({ columns, fixed }: Design, wanted: readonly number[], from: Fit): Fit {
  const weights = from.weights.map((weight) => Math.round(weight) || 0);
  const rest = residuals(columns, weights, fixed, wanted);
  let loss = totalLoss(rest);
  for (let improved = true; improved;) {
    improved = false;
    for (const step of stepsOf(columns.length)) {
      if (!step.every(([at, by]) => isWithin(columns[at], (weights[at] ?? 0) + by))) continue;
      for (const [at, by] of step) shift(rest, columns[at]?.units ?? [], -by);
      const after = totalLoss(rest);
      if (after < loss - 1e-9) {
        for (const [at, by] of step) weights[at] = (weights[at] ?? 0) + by;
        [loss, improved] = [after, true];
      } else {
        for (const [at, by] of step) shift(rest, columns[at]?.units ?? [], by);
      }
    }
  }
  return { weights, loss };
}

type Step = readonly (readonly [column: number, points: number])[];

function stepsOf(columns: number): Step[] {
  const steps: Step[] = [];
  for (let a = 0; a < columns; a++) {
    steps.push([[a, 1]], [[a, -1]]);
    for (let b = 0; b < columns; b++) if (a !== b) steps.push([[a, 1], [b, -1]]); // prettier-ignore
  }
  return steps;
}

function isWithin(column: Column | undefined, weight: number): boolean {
  return column !== undefined && weight >= column.least && weight <= column.most;
}

/** How many points each example is wanted to have beyond what it has. */
function residuals(
  columns: readonly Column[],
  weights: readonly number[],
  fixed: readonly number[],
  wanted: readonly number[],
): number[] {
  const rest = wanted.map((points, row) => points - (fixed[row] ?? 0));
  columns.forEach(({ units }, index) => shift(rest, units, -(weights[index] ?? 0)));
  return rest;
}

function shift(rest: number[], units: readonly number[], by: number): void {
  if (by === 0) return;
  units.forEach((count, row) => {
    if (count !== 0) rest[row] = (rest[row] ?? 0) + count * by;
  });
}

function totalLoss(rest: readonly number[]): number {
  return rest.reduce((sum, off) => {
    const far = Math.abs(off);
    return sum + (far <= FAR_POINTS ? (far * far) / 2 : FAR_POINTS * (far - FAR_POINTS / 2));
  }, 0);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
