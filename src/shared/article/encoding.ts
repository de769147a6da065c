import { isUtf8 } from 'node:buffer';

/** First bytes of the kinds of file that people drop by mistake. */
const SIGNATURES: readonly { readonly bytes: readonly number[]; readonly name: string }[] = [
  { bytes: [0x89, 0x50, 0x4e, 0x47], name: 'a PNG picture' },
  { bytes: [0xff, 0xd8, 0xff], name: 'a JPEG picture' },
  { bytes: [0x47, 0x49, 0x46, 0x38], name: 'a GIF picture' },
  { bytes: [0x25, 0x50, 0x44, 0x46], name: 'a PDF document' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], name: 'a ZIP archive or an Office document' },
  { bytes: [0x1f, 0x8b], name: 'a gzip archive' },
  { bytes: [0x7b, 0x5c, 0x72, 0x74, 0x66], name: 'an RTF document' },
];

/** How many bytes are looked at to tell UTF-16 and binary files from text. */
const SAMPLE_BYTES = 4096;

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

/** How many of the sampled bytes are NUL at even and at odd places, and how many are other control characters. */
function census(bytes: Uint8Array): { even: number; odd: number; controls: number; size: number } {
  const size = Math.min(bytes.length, SAMPLE_BYTES);
  const seen = { even: 0, odd: 0, controls: 0, size };
  for (let at = 0; at < size; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) seen[at % 2 === 0 ? 'even' : 'odd'] += 1;
    else if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) seen.controls += 1;
  }
  return seen;
}

/** `UTF-16`, `UTF-32` or nothing: by the byte order mark, else by where the NUL bytes of Latin text would stand. */
export function wideEncodingOf(bytes: Uint8Array): string | undefined {
  if (startsWith(bytes, [0xff, 0xfe, 0, 0]) || startsWith(bytes, [0, 0, 0xfe, 0xff])) return 'UTF-32';
  if (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff])) return 'UTF-16';
  const { even, odd, size } = census(bytes);
  const half = size / 2;
  const oneSided = (many: number, few: number): boolean => many > half * 0.6 && few < half * 0.1;
  return size >= 4 && (oneSided(odd, even) || oneSided(even, odd)) ? 'UTF-16' : undefined;
}

/** What a file that is no text seems to be, for a message; nothing when it may be text in another encoding. */
export function binaryKindOf(bytes: Uint8Array): string | undefined {
  const known = SIGNATURES.find((signature) => startsWith(bytes, signature.bytes));
  if (known !== undefined) return known.name;
  const { even, odd, controls, size } = census(bytes);
  return (even + odd + controls) * 50 > size ? 'a binary file' : undefined;
}

/** The first line, from 1, that is not valid UTF-8. A line feed is never part of a longer character, so lines stand alone. */
export function firstInvalidLine(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return line;
    line += 1;
    start = end + 1;
  }
  return line;
}
