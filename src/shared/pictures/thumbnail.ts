import { INPUT, loadSharp, MAX_PIXELS } from './decoder.js';

/** WebP takes no longer side; only a strip of a picture comes near it. */
const MAX_HEIGHT = 16_383;
/** WebP's own default: about a quarter of a JPEG of the same look. */
const QUALITY = 80;

/**
 * A WebP of this width in pixels, its height as the picture has it; a smaller picture keeps its size, an animation shows
 * its first frame. As it is shown: turned by its EXIF orientation. Metadata, which may say where it was taken, is gone.
 *
 * @param bytes of a picture that `verifyPicture` found good and that is no SVG
 * @throws what sharp throws: the picture cannot be decoded
 */
export async function makeThumbnail(bytes: Buffer, width: number): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp(bytes, { ...INPUT, limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .resize({ width, height: MAX_HEIGHT, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer();
}
