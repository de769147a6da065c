import type { Sharp, SharpOptions } from 'sharp';

/** The limit on pixels that are decoded, all frames together: a few bytes can claim gigapixels (a pixel bomb). */
export const MAX_PIXELS = 50_000_000;
/** Frames of an animation that are decoded and looked at; a bomb of frames costs no more than these. */
const MAX_FRAMES = 64;
/** ThumbHash takes no more, and it is plenty to find a colour or see that there is only one. */
const SAMPLE_SIDE = 100;

/** What the header says. */
export interface PictureHeader {
  /** Of one frame, after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** The picture made small after being decoded whole: frames one under the other. */
export interface Sample {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
  /** The height of one frame in the sample. */
  readonly frameHeight: number;
}

type SharpModule = typeof import('sharp').default;

/** Sharp, loaded with the first picture: many a process never sees one. */
export async function loadSharp(): Promise<SharpModule> {
  const { default: sharp } = await import('sharp');
  return sharp;
}

/**
 * Sets up libvips for this process; call it once at start where pictures are verified. One thread a picture, as
 * several are decoded at once; no cache, which grows in long runs and never hits; and only the loaders of the kinds
 * that are accepted, so that no file reaches a parser that is not needed, librsvg and ImageMagick among them.
 */
export async function configureSharp(): Promise<void> {
  const sharp = await loadSharp();
  sharp.concurrency(1);
  sharp.cache(false);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpeg',
      'VipsForeignLoadPng',
      'VipsForeignLoadWebp',
      'VipsForeignLoadNsgif',
      'VipsForeignLoadHeif',
    ],
  });
}

/**
 * Reads the header alone, which costs no pixels.
 *
 * @throws what sharp throws: the file cannot be understood
 */
export async function readHeader(bytes: Buffer): Promise<PictureHeader> {
  const sharp = await loadSharp();
  const { autoOrient, pages, pageHeight } = await sharp(bytes, {
    ...INPUT,
    limitInputPixels: false,
  }).metadata();
  return { width: autoOrient.width, height: pageHeight ?? autoOrient.height, frames: pages ?? 1 };
}

/** How every picture is read, whatever is then made of it. */
export const INPUT = { failOn: 'truncated', sequentialRead: true } as const satisfies SharpOptions;

/**
 * Decodes the picture whole, once, and makes it small. Resizing to raw pixels found every cut file where sharp's
 * `stats()` let some pass when several ran at once.
 *
 * @throws what sharp throws: the file is corrupt
 */
export async function decodeSample(bytes: Buffer, header: PictureHeader): Promise<Sample> {
  const sharp = await loadSharp();
  const frames = Math.max(
    1,
    Math.min(header.frames, MAX_FRAMES, Math.floor(MAX_PIXELS / (header.width * header.height))),
  );
  const image = sharp(bytes, {
    ...INPUT,
    limitInputPixels: MAX_PIXELS,
    ...(frames > 1 ? { pages: frames } : {}),
  });
  // An animation has no orientation, and libvips cannot turn one.
  const { data, info } = await small(frames > 1 ? image : image.autoOrient())
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    rgba: data,
    frameHeight: Math.floor(info.height / frames),
  };
}

function small(image: Sharp): Sharp {
  return image
    .resize(SAMPLE_SIDE, SAMPLE_SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .ensureAlpha();
}
