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
      // Two colours, or one that is there in part: nearly always among the first pixels.
      if ((high[channel] ?? 0) - (low[channel] ?? 0) > tolerance) return undefined;
    }
  }
  return (high[3] ?? 0) === 0 ? 'fully transparent' : 'one colour';
}

/** The commonest colour as `#rrggbb`: the mean of the fullest bin of a histogram, pixels weighed by their alpha. */
export function dominantColour(rgba: Uint8Array): string {
  const bins = new Float64Array(4 * 2 ** (3 * BIN_BITS));
  let best = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const red = rgba[at] ?? 0;
    const green = rgba[at + 1] ?? 0;
    const blue = rgba[at + 2] ?? 0;
    const alpha = rgba[at + 3] ?? 0;
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

/** ThumbHash keeps at most seven waves a side, so a side of this many pixels is plenty; its time goes by their number. */
const HASHED_SIDE = 25;

/** A ThumbHash (about 25 bytes) in base64: a blurred picture to show until the real one has come. */
export function placeholderOf(pixels: Pixels): string {
  const { width, height, rgba } = shrink(pixels, HASHED_SIDE);
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
}

/** Takes the mean of each block of pixels, colours weighed by alpha; blocks are whole, so up to one less is cut off. */
function shrink(pixels: Pixels, side: number): Pixels {
  const step = Math.ceil(Math.max(pixels.width, pixels.height) / side);
  if (step === 1) return pixels;
  const width = Math.max(1, Math.floor(pixels.width / step));
  const height = Math.max(1, Math.floor(pixels.height / step));
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) writeMean(pixels, [x * step, y * step, step], rgba, (y * width + x) * 4);
  }
  return { width, height, rgba };
}

function writeMean(
  { width, height, rgba }: Pixels,
  [left, top, step]: readonly [number, number, number],
  into: Uint8Array,
  to: number,
): void {
  let red = 0;
  let green = 0;
  let blue = 0;
  let weight = 0;
  let count = 0;
  const right = Math.min(left + step, width);
  const bottom = Math.min(top + step, height);
  for (let y = top; y < bottom; y++) {
    for (let at = (y * width + left) * 4; at < (y * width + right) * 4; at += 4) {
      const alpha = rgba[at + 3] ?? 0;
      red += alpha * (rgba[at] ?? 0);
      green += alpha * (rgba[at + 1] ?? 0);
      blue += alpha * (rgba[at + 2] ?? 0);
      weight += alpha;
      count += 1;
    }
  }
  const alpha = Math.max(weight, 1);
  into[to] = Math.round(red / alpha);
  into[to + 1] = Math.round(green / alpha);
  into[to + 2] = Math.round(blue / alpha);
  into[to + 3] = Math.round(weight / Math.max(count, 1));
}
