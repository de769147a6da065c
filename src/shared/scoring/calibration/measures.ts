/** How well scores agree with those that editors had given. Null where it cannot be said. */
export interface Measures {
  readonly files: number;
  /** Spearman's rank correlation of quality, -1 to 1. */
  readonly rho: number | null;
  /** Area under the ROC curve: how often a published article is scored above one that is not, 0 to 1. */
  readonly auc: number | null;
  /** Share of the articles of which `published` is the same, 0 to 1. */
  readonly accuracy: number | null;
}

export interface Judged {
  readonly quality: number;
  readonly wanted: { readonly quality: number; readonly published?: boolean };
}

/** Measures scores against the wanted ones; `publishThreshold` is the quality from which an article is published. */
export function measure(rows: readonly Judged[], publishThreshold: number): Measures {
  const published = rows.flatMap(({ quality, wanted }) =>
    wanted.published === undefined ? [] : [{ quality, isYes: wanted.published }],
  );
  const right = published.filter(({ quality, isYes }) => quality >= publishThreshold === isYes).length;
  return {
    files: rows.length,
    rho: spearman(
      rows.map(({ quality }) => quality),
      rows.map(({ wanted }) => wanted.quality),
    ),
    auc: rocArea(published),
    accuracy: published.length === 0 ? null : right / published.length,
  };
}

/** Pearson's correlation of the ranks; equal values share the mean of their ranks. */
export function spearman(a: readonly number[], b: readonly number[]): number | null {
  const [x, y] = [centred(ranks(a)), centred(ranks(b))];
  const product = (u: readonly number[], v: readonly number[]): number =>
    u.reduce((sum, value, index) => sum + value * (v[index] ?? 0), 0);
  const spread = Math.sqrt(product(x, x) * product(y, y));
  return spread === 0 ? null : product(x, y) / spread;
}

/** The Mann-Whitney statistic over the number of pairs; a tie counts half. */
export function rocArea(
  rows: readonly { readonly quality: number; readonly isYes: boolean }[],
): number | null {
  const yes = rows.filter(({ isYes }) => isYes).length;
  const pairs = yes * (rows.length - yes);
  if (pairs === 0) return null;
  const rank = ranks(rows.map(({ quality }) => quality));
  const sum = rows.reduce((total, { isYes }, index) => total + (isYes ? (rank[index] ?? 0) : 0), 0);
  return (sum - (yes * (yes - 1)) / 2) / pairs;
}

/** Ranks from 0, in the order of the values. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).toSorted((a, b) => a.value - b.value);
  const out = Array.from<number>({ length: values.length }).fill(0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (order[to + 1]?.value === order[from]?.value && to + 1 < order.length) to++;
    for (let at = from; at <= to; at++) out[order[at]?.index ?? 0] = (from + to) / 2;
    from = to + 1;
  }
  return out;
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
  return values.map((value) => value - mean);
}
