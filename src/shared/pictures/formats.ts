/** A kind of picture that is kept. */
export interface PictureFormat {
  readonly name: 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'svg';
  readonly contentType: string;
  /** Of the file in the store, without the dot. */
  readonly extension: string;
}

const FORMATS = {
  jpeg: { name: 'jpeg', contentType: 'image/jpeg', extension: 'jpg' },
  png: { name: 'png', contentType: 'image/png', extension: 'png' },
  webp: { name: 'webp', contentType: 'image/webp', extension: 'webp' },
  gif: { name: 'gif', contentType: 'image/gif', extension: 'gif' },
  avif: { name: 'avif', contentType: 'image/avif', extension: 'avif' },
  svg: { name: 'svg', contentType: 'image/svg+xml', extension: 'svg' },
} as const satisfies Record<string, PictureFormat>;

export type Sniffed =
  | { readonly kind: 'picture'; readonly format: PictureFormat }
  | { readonly kind: 'unsupported'; readonly name: string }
  | { readonly kind: 'not-an-image' };

/** First bytes of picture formats that are not kept, so that they are told from what is no picture at all. */
const UNSUPPORTED: readonly (readonly [name: string, start: string])[] = [
  ['BMP', '424d'],
  ['TIFF', '49492a00'],
  ['TIFF', '4d4d002a'],
  ['ICO', '00000100'],
  ['JPEG XL', 'ff0a'],
  ['JPEG XL', '0000000c4a584c20'],
  ['JPEG 2000', '0000000c6a502020'],
  ['JPEG 2000', 'ff4fff51'],
  ['PSD', '38425053'],
];

/** How far into a text an SVG's first element is looked for: behind a prolog and comments. */
const SVG_PROLOG_BYTES = 4096;

/** Tells a file's type by its first bytes. Name and header are not asked: hosts get them wrong, and some lie. */
export function sniff(bytes: Buffer): Sniffed {
  const raster = rasterFormat(bytes);
  if (raster !== undefined) return { kind: 'picture', format: raster };
  if (brandOf(bytes) !== undefined) return { kind: 'unsupported', name: 'HEIF or a video' };
  const start = bytes.toString('hex', 0, 8);
  const other = UNSUPPORTED.find(([, magic]) => start.startsWith(magic));
  if (other !== undefined) return { kind: 'unsupported', name: other[0] };
  return looksLikeSvg(bytes) ? { kind: 'picture', format: FORMATS.svg } : { kind: 'not-an-image' };
}

function rasterFormat(bytes: Buffer): PictureFormat | undefined {
  const head = bytes.toString('latin1', 0, 12);
  if (head.startsWith('\xff\xd8\xff')) return FORMATS.jpeg;
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return FORMATS.png;
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return FORMATS.gif;
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return FORMATS.webp;
  const brand = brandOf(bytes);
  return brand !== undefined && /avi[fs]/.test(brand) ? FORMATS.avif : undefined;
}

/** Major and compatible brands of an ISO media file (ISO/IEC 14496-12, 4.3). */
function brandOf(bytes: Buffer): string | undefined {
  if (bytes.length < 16 || bytes.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  return bytes.toString('latin1', 8, Math.max(end, 12));
}

function looksLikeSvg(bytes: Buffer): boolean {
  const text = bytes.toString('utf8', 0, SVG_PROLOG_BYTES);
  return /^<svg[\s/>]/i.test(withoutProlog(text));
}

/** Drops a byte order mark, white space, the XML declaration, comments and the document type from the start. */
export function withoutProlog(text: string): string {
  let rest = text.replace(/^\uFEFF/, '').trimStart();
  for (;;) {
    const end = prologEnd(rest);
    if (end === undefined) return rest;
    rest = rest.slice(end).trimStart();
  }
}

function prologEnd(text: string): number | undefined {
  const close = text.startsWith('<!--')
    ? '-->'
    : text.startsWith('<?')
      ? '?>'
      : /^<!doctype/i.test(text)
        ? '>'
        : undefined;
  if (close === undefined) return undefined;
  const at = text.indexOf(close);
  return at < 0 ? undefined : at + close.length;
}
