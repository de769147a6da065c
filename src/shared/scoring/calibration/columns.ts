import { weightAt, type ScoringProfile, type WeightPath } from '../profile.js';
import { QUALITY_SIGNALS } from '../registry.js';
import type { Example } from './examples.js';

/** A weight that fewer examples call for is left as it was: so few say nothing about it. */
export const LEAST_EXAMPLES = 5;

/** One weight to be fitted: how many times each example calls for it. */
export interface Column {
  readonly path: WeightPath;
  readonly units: readonly number[];
  /** How many examples call for it. */
  readonly examples: number;
  /** What the profile that is started from gives. */
  readonly start: number;
  readonly least: number;
  readonly most: number;
}

export interface Design {
  readonly columns: readonly Column[];
  /** Of each example, the points that come from weights that are not fitted. */
  readonly fixed: readonly number[];
}

/** What the signals find in the examples, weight by weight. The shape of the rules is the profile's. */
export function designOf(examples: readonly Example[], profile: ScoringProfile): Design {
  const found = new Map<string, { path: WeightPath; units: number[] }>();
  examples.forEach(({ article, images }, row) => {
    const input = { article, images, related: [] };
    for (const { weight, units } of QUALITY_SIGNALS.flatMap((signal) => signal.find(input, profile))) {
      const key = JSON.stringify(weight);
      const column = found.get(key) ?? { path: weight, units: examples.map(() => 0) };
      column.units[row] = (column.units[row] ?? 0) + units;
      found.set(key, column);
    }
  });
  const all = [...found.values()].map(({ path, units }) => columnOf(path, units, profile));
  const isFitted = (column: Column): boolean => canBeFitted(column, examples.length);
  const rest = all.filter((column) => !isFitted(column));
  return {
    columns: all.filter(isFitted),
    fixed: examples.map((_, row) =>
      rest.reduce((sum, { units, start }) => sum + (units[row] ?? 0) * start, 0),
    ),
  };
}

function columnOf(path: WeightPath, units: readonly number[], profile: ScoringProfile): Column {
  const examples = units.filter((count) => count !== 0).length;
  return { path, units, examples, start: weightAt(profile, path), ...boundsOf(path) };
}

function canBeFitted({ path, examples }: Column, all: number): boolean {
  // Names are for a person to value: learnt by heart they would fit these files and no others.
  if (path.length === 3) return false;
  // The usual type is what the others are measured against.
  if (path[0] === 'types' && examples > all / 2) return false;
  return examples >= LEAST_EXAMPLES;
}

/** Where the sign is a matter of meaning, no set of files may turn it: a shouting title is never worth points. */
function boundsOf([group, key]: WeightPath): { least: number; most: number } {
  switch (group) {
    case 'title':
    case 'excerpt':
    case 'completeness':
    case 'language':
      return { least: -1000, most: 0 };
    case 'topics':
    case 'picture':
    case 'provider':
      return { least: 0, most: 1000 };
    case 'page':
      return key === 'mobile' ? { least: 0, most: 1000 } : { least: -1000, most: 0 };
    case 'body':
      return key === 'long' ? { least: 0, most: 1000 } : { least: -1000, most: 0 };
    case 'types':
    case 'heat':
      return { least: -1000, most: 1000 };
    default:
      return group satisfies never;
  }
}
