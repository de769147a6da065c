import { rgbaToThumbHash } from 'thumbhash';

/** Pixels of a picture made small: 4 bytes each, red, green, blue, alpha, not premultiplied. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Bins of a channel in the histogram of colours. */
const BIN_BITS = 4;

/**
 * Why a picture shows nothing, or undefined where it shows something.
 *
 * @param tolerance up to this far apart, in 1/255 of a channel, two colours are one
 */
export function blankBecause(rgba: Uint8Array, tolerance: number): string | undefined {
  const low = [255, 255, 255, 255];
  const high = [0, 0, 0, 0];
  for (let at = 0; at < rgba.length; at += 4) {
    const isVisible = rgba[at + 3] !== 0;
    for (let channel = isVisible ? 0 : 3; channel < 4; channel++) {
      const value = rgba[at + channel] ?? 0;
      if (value < (low[channel] ?? 0)) low[channel] = value;
      if (value > (high[channel] ?? 0)) high[channel] = value;
    }
  }
  if ((high[3] ?? 0) === 0) return 'fully transparent';
  const isOneColour = high.every((value, channel) => value - (low[channel] ?? 0) <= tolerance);
  return isOneColour ? 'one colour' : undefined;
}

/** The commonest colour as `#rrggbb`: the mean of the fullest bin of a histogram, pixels weighed by their alpha. */
export function dominantColour(rgba: Uint8Array): string {
  const bins = new Float64Array(4 * 2 ** (3 * BIN_BITS));
  let best = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(at, at + 4);
    const bin = 4 * ((((coarse(red) << BIN_BITS) | coarse(green)) << BIN_BITS) | coarse(blue));
    bins[bin] = (bins[bin] ?? 0) + alpha;
    bins[bin + 1] = (bins[bin + 1] ?? 0) + alpha * red;
    bins[bin + 2] = (bins[bin + 2] ?? 0) + alpha * green;
    bins[bin + 3] = (bins[bin + 3] ?? 0) + alpha * blue;
    if ((bins[bin] ?? 0) > (bins[best] ?? 0)) best = bin;
  }
  const weight = bins[best] || 1;
  const channels = [1, 2, 3].map((offset) => Math.round((bins[best + offset] ?? 0) / weight));
  return `#${channels.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function coarse(value: number): number {
  return value >> (8 - BIN_BITS);
}

/** A ThumbHash (about 25 bytes) in base64: a blurred picture to show until the real one has come. */
export function placeholderOf({ width, height, rgba }: Pixels): string {
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
}
