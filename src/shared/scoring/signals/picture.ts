import { IMAGE_REASONS_NOT_REACHED, type RecordImage } from '../../record/schema.js';
import type { ScoringProfile } from '../profile.js';
import type { Signal } from '../signal.js';

const NOT_REACHED: ReadonlySet<string> = new Set(IMAGE_REASONS_NOT_REACHED);

/**
 * The best of the article's pictures. One that could not be reached counts as its file declares it, so that a host
 * that is down does not change what is published; one that was fetched and found bad counts as absent. Only the best
 * counts, so another picture never lowers the score.
 */
export const picture: Signal = {
  name: 'picture',
  find({ images }, { picture: weights }) {
    const usable = images.filter((image) => image.status !== 'failed' || NOT_REACHED.has(image.reason ?? ''));
    const fit = usable.find((image) => unfitBecause(image, weights) === undefined);
    const best = fit ?? usable[0];
    if (best === undefined) return [];
    const state = best.status === 'verified' ? 'verified' : 'declared, not reached yet';
    const but = fit === undefined ? `, but ${unfitBecause(best, weights)}` : '';
    // Whatever the weights, a picture that fits is worth no less than one that does not.
    const key = fit !== undefined && weights.fit >= weights.unfit ? 'fit' : 'unfit';
    return [{ weight: ['picture', key], units: 1, why: `It has a picture (${state})${but}.` }];
  },
};

/** Unknown sizes are taken for fit: the file need not declare one. */
function unfitBecause(
  { width, height }: RecordImage,
  { longSide, maxAspect }: ScoringProfile['picture'],
): string | undefined {
  if (!width || !height) return undefined;
  const long = Math.max(width, height);
  if (long < longSide) return `its longer side has ${long} pixels, fewer than ${longSide}`;
  if (long / Math.min(width, height) > maxAspect) return `it is long and narrow, ${width}x${height}`;
  return undefined;
}
