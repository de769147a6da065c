import type { RecordImage } from '../record/schema.js';

/** More pixels than this (1200x675) make a lead picture no better. */
const ENOUGH_PIXELS = 810_000;
/** Width to height of a picture that stands well above an article, from nearly square to a wide banner. */
const GOOD_ASPECT = { from: 1.2, to: 2.4 } as const;

/**
 * Puts an article's pictures in the order of the record: the best verified one first, then the other verified ones,
 * then the rest, each in declared order. Best is by size and aspect; of equals the one declared first.
 */
export function chooseLead(images: readonly RecordImage[]): RecordImage[] {
  const verified = images.filter((image) => image.status === 'verified');
  const others = images.filter((image) => image.status !== 'verified');
  const [first, ...rest] = verified;
  if (first === undefined) return [...others];
  const lead = rest.reduce((best, image) => (fitness(image) > fitness(best) ? image : best), first);
  return [lead, ...verified.filter((image) => image !== lead), ...others];
}

/** From 0 to 1: how near it is to enough pixels, times how near its aspect is to a good one. */
function fitness({ width, height }: RecordImage): number {
  if (!width || !height) return 0;
  const aspect = width / height;
  const shape =
    aspect < GOOD_ASPECT.from
      ? aspect / GOOD_ASPECT.from
      : aspect > GOOD_ASPECT.to
        ? GOOD_ASPECT.to / aspect
        : 1;
  return Math.min(1, (width * height) / ENOUGH_PIXELS) * shape;
}
