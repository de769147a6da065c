import type { DeclaredImage, ImageReason, RecordImage } from '../record/schema.js';
import { inDeclaredOrder } from './in-declared-order.js';
import type { IndexEntry } from './url-index.js';

/**
 * A picture that was fetched, verified and kept. Its size is the measured one; the declared one stays if it differs.
 *
 * @param thumbnail path under the image store, where there is one
 */
export function verifiedImage(
  declared: DeclaredImage,
  found: IndexEntry,
  thumbnail: string | undefined,
): RecordImage {
  const { width, height } = found;
  const differs =
    (declared.width !== undefined && width !== undefined && declared.width !== width) ||
    (declared.height !== undefined && height !== undefined && declared.height !== height);
  return inDeclaredOrder(declared, {
    ...declaredPart(declared),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    isCached: true,
    status: 'verified',
    ...(differs ? { declared: declaredSize(declared) } : {}),
    contentType: found.contentType,
    bytes: found.bytes,
    sha256: found.sha256,
    file: found.file,
    ...(thumbnail === undefined ? {} : { thumbnail }),
    ...(found.color === undefined ? {} : { color: found.color }),
    frames: found.frames,
    ...(found.placeholder === undefined ? {} : { placeholder: found.placeholder }),
  });
}

/** A picture that is bad or could not be reached. */
export function failedImage(declared: DeclaredImage, reason: ImageReason): RecordImage {
  return inDeclaredOrder(declared, { ...declaredPart(declared), isCached: false, status: 'failed', reason });
}

/** A picture that was not asked for: pictures are off, or its host is resting. */
export function skippedImage(declared: DeclaredImage, reason: 'off' | 'resting'): RecordImage {
  return inDeclaredOrder(declared, { ...declaredPart(declared), isCached: false, status: 'skipped', reason });
}

/** Only what a file may say of a picture: a declared `sha256` or `file` must not pass for ours. */
function declaredPart({ url, width, height, title }: DeclaredImage): Pick<RecordImage, 'url' | 'title'> {
  return {
    url,
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(title === undefined ? {} : { title }),
  };
}

function declaredSize({ width, height }: DeclaredImage): NonNullable<RecordImage['declared']> {
  return { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };
}
