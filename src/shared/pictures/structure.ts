import { crc32 } from 'node:zlib';
import type { PictureFormat } from './formats.js';

/** What a file's own structure says of it, before anything is decoded. */
export type Structure = 'whole' | 'truncated' | 'corrupt';

/**
 * Says whether a picture is whole by walking its structure to its end mark. Decoders answer this differently from
 * format to format and, when several run at once, from time to time; ours is the same always. Bytes behind the end
 * mark are allowed: cameras and editors put things there. An SVG is judged elsewhere.
 */
export function structureOf(bytes: Buffer, format: PictureFormat['name']): Structure {
  switch (format) {
    case 'jpeg':
      return jpegStructure(bytes);
    case 'png':
      return pngStructure(bytes);
    case 'gif':
      return gifStructure(bytes);
    case 'webp':
      return webpStructure(bytes);
    case 'avif':
      return boxStructure(bytes);
    case 'svg':
      return 'whole';
    default:
      return format satisfies never;
  }
}

const SOS = 0xda;
const EOI = 0xd9;

/** ITU T.81, B.1: segments with lengths, then coded data in which FF is followed by 00 or a restart mark. */
function jpegStructure(bytes: Buffer): Structure {
  let at = 2;
  for (;;) {
    if (at + 1 >= bytes.length) return 'truncated';
    if (bytes[at] !== 0xff) return 'corrupt';
    const marker = bytes[at + 1] ?? 0;
    if (marker === EOI) return 'whole';
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isStandalone(marker)) {
      at += 2;
      continue;
    }
    if (at + 3 >= bytes.length) return 'truncated';
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) return 'corrupt';
    at += 2 + length;
    if (marker === SOS) at = codedDataEnd(bytes, at);
  }
}

/** TEM and restart marks have no length. */
function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

/** Where the marker behind a scan's coded data stands; the end of the file if there is none. */
function codedDataEnd(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) return bytes.length;
    if (next !== 0x00 && next !== 0xff && !isStandalone(next)) return at;
  }
  return bytes.length;
}

/** PNG, 5.3: length, type, data, CRC; up to IEND. A critical chunk (capital first letter) must match its CRC. */
function pngStructure(bytes: Buffer): Structure {
  let at = 8;
  for (;;) {
    if (at + 12 > bytes.length) return 'truncated';
    const length = bytes.readUInt32BE(at);
    if (length > 0x7fffffff) return 'corrupt';
    const end = at + 12 + length;
    if (end > bytes.length) return 'truncated';
    const isCritical = ((bytes[at + 4] ?? 0) & 0x20) === 0;
    if (isCritical && crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4))
      return 'corrupt';
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return 'whole';
    at = end;
  }
}

/** GIF89a, appendix A: blocks up to the trailer. */
function gifStructure(bytes: Buffer): Structure {
  if (bytes.length < 13) return 'truncated';
  let at = 13 + colourTableBytes(bytes[10] ?? 0);
  for (;;) {
    const introducer = bytes[at];
    if (introducer === undefined) return 'truncated';
    if (introducer === 0x3b) return 'whole';
    if (introducer === 0x21) at = gifSubBlocksEnd(bytes, at + 2);
    else if (introducer === 0x2c) {
      if (at + 11 > bytes.length) return 'truncated';
      at = gifSubBlocksEnd(bytes, at + 11 + colourTableBytes(bytes[at + 9] ?? 0));
    } else if (introducer === 0x00) at += 1;
    else return 'corrupt';
  }
}

function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
}

function gifSubBlocksEnd(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const size = bytes[at];
    if (size === undefined) return bytes.length;
    at += 1 + size;
    if (size === 0) return at;
  }
}

/** RIFF: the length of all that follows stands in front. */
function webpStructure(bytes: Buffer): Structure {
  if (bytes.length < 12) return 'truncated';
  return bytes.readUInt32LE(4) + 8 > bytes.length ? 'truncated' : 'whole';
}

/** ISO/IEC 14496-12, 4.2: boxes with lengths; 0 means to the end of the file, 1 that 64 bits follow. */
function boxStructure(bytes: Buffer): Structure {
  let at = 0;
  let hasPixels = false;
  while (at < bytes.length) {
    if (at + 16 > bytes.length) return at + 8 === bytes.length && hasPixels ? 'whole' : 'truncated';
    const short = bytes.readUInt32BE(at);
    hasPixels ||= bytes.toString('latin1', at + 4, at + 8) === 'mdat';
    if (short === 0) return hasPixels ? 'whole' : 'truncated';
    const length = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short;
    if (length < 8) return 'corrupt';
    at += length;
  }
  return at === bytes.length && hasPixels ? 'whole' : 'truncated';
}
