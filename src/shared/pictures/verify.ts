import type { ImageReason } from '../record/schema.js';
import { blankBecause, dominantColour, placeholderOf } from './colours.js';
import { decodeSample, MAX_PIXELS, readHeader, type PictureHeader } from './decoder.js';
import { sniff, type PictureFormat } from './formats.js';
import { structureOf } from './structure.js';
import { measureSvg } from './svg.js';

/** What a good picture turned out to be. Pixels after EXIF orientation. */
export interface Verified {
  readonly ok: true;
  readonly contentType: string;
  /** Without the dot. */
  readonly extension: string;
  /** Absent for an SVG that does not say. */
  readonly width?: number;
  readonly height?: number;
  /** 1 for a still picture. */
  readonly frames: number;
  /** `#rrggbb`; absent for an SVG, which is not rendered. */
  readonly color?: string;
  /** ThumbHash, base64; absent for an SVG. */
  readonly placeholder?: string;
}

/** Why the bytes are no picture to show. */
export interface BadPicture {
  readonly ok: false;
  readonly reason: Extract<
    ImageReason,
    'not-an-image' | 'unsupported' | 'truncated' | 'corrupt' | 'blank' | 'too-many-pixels' | 'too-large'
  >;
  readonly detail: string;
}

/**
 * How far one colour spreads, in 1/255 of a channel, when it is written in a format and read again: resizing rounds,
 * and lossy WebP and AVIF dither (5 seen). More would take fine patterns, which average out, for one colour.
 */
const COLOUR_ROUNDING: Readonly<Record<PictureFormat['name'], number>> = {
  png: 1,
  gif: 1,
  svg: 1,
  jpeg: 2,
  webp: 6,
  avif: 6,
};

/**
 * Verifies a picture by its bytes alone: its type, that it is whole, that it decodes, its size, and that it shows
 * something. Never throws for what is in the bytes.
 *
 * @param input the whole file
 */
export async function verifyPicture(input: Uint8Array): Promise<Verified | BadPicture> {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const sniffed = sniff(bytes);
  if (sniffed.kind === 'not-an-image') return bad('not-an-image', 'no known picture starts like this');
  if (sniffed.kind === 'unsupported') return bad('unsupported', sniffed.name);
  if (sniffed.format.name === 'svg') return verifySvg(bytes, sniffed.format);
  return verifyRaster(bytes, sniffed.format);
}

function verifySvg(bytes: Buffer, format: PictureFormat): Verified | BadPicture {
  const measure = measureSvg(bytes);
  if (!measure.ok) return bad(measure.reason, measure.detail);
  const { width, height } = measure;
  if (width !== undefined && height !== undefined && isDot({ width, height }))
    return bad('blank', 'one pixel');
  return {
    ...base(format, 1),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  };
}

async function verifyRaster(bytes: Buffer, format: PictureFormat): Promise<Verified | BadPicture> {
  const structure = structureOf(bytes, format.name);
  if (structure !== 'whole') return bad(structure, `${format.name} that does not reach its end`);
  try {
    const header = await readHeader(bytes);
    if (header.width * header.height > MAX_PIXELS) {
      return bad('too-many-pixels', `${header.width}x${header.height}`);
    }
    if (isDot(header)) return bad('blank', `${header.width}x${header.height}`);
    return await look(bytes, format, header);
  } catch (error) {
    return bad('corrupt', error instanceof Error ? firstLine(error.message) : 'cannot be decoded');
  }
}

async function look(
  bytes: Buffer,
  format: PictureFormat,
  header: PictureHeader,
): Promise<Verified | BadPicture> {
  const sample = await decodeSample(bytes, header);
  const blank = blankBecause(sample.rgba, COLOUR_ROUNDING[format.name]);
  if (blank !== undefined) return bad('blank', blank);
  const rgba = sample.rgba.subarray(0, sample.width * sample.frameHeight * 4);
  return {
    ...base(format, header.frames),
    width: header.width,
    height: header.height,
    color: dominantColour(rgba),
    placeholder: placeholderOf({ width: sample.width, height: sample.frameHeight, rgba }),
  };
}

function base(
  format: PictureFormat,
  frames: number,
): Pick<Verified, 'ok' | 'contentType' | 'extension' | 'frames'> {
  return { ok: true, contentType: format.contentType, extension: format.extension, frames };
}

/** Tracking pixels and spacers. */
function isDot({ width, height }: { width: number; height: number }): boolean {
  return width <= 1 || height <= 1;
}

function bad(reason: BadPicture['reason'], detail: string): BadPicture {
  return { ok: false, reason, detail };
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 200);
}
