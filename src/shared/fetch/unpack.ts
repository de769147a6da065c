import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { fetchFailed, type FetchFailed } from './result.js';

/** The codings that `unpack` undoes, for `Accept-Encoding`. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

type Unpacker = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unpackers: ReadonlyMap<string, Unpacker> = new Map<string, Unpacker>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', unpackDeflate],
  ['br', promisify(brotliDecompress)],
]);

/**
 * Undoes a `Content-Encoding`. Output stops at `maxBytes`: a bomb costs that much memory and no more. Several codings
 * on top of each other are refused, as browsers never need them and each multiplies what a bomb unpacks to.
 */
export async function unpack(
  bytes: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer | FetchFailed> {
  const codings = (encoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const [coding] = codings;
  if (coding === undefined) return bytes;
  const unpacker = codings.length === 1 ? unpackers.get(coding) : undefined;
  if (unpacker === undefined) return fetchFailed('unsupported', `content-encoding ${codings.join(', ')}`);
  try {
    return await unpacker(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    return classify(error, coding, maxBytes);
  }
}

/** "deflate" is zlib's format by the standard and raw deflate from some servers. */
function unpackDeflate(bytes: Buffer, options: { maxOutputLength: number }): Promise<Buffer> {
  const isZlib = ((bytes[0] ?? 0) & 0x0f) === 8;
  return promisify(isZlib ? inflate : inflateRaw)(bytes, options);
}

function classify(error: unknown, coding: string, maxBytes: number): FetchFailed {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return fetchFailed('too-large', `unpacks to more than ${maxBytes} bytes`);
  }
  const isCut = code === 'Z_BUF_ERROR';
  return fetchFailed(isCut ? 'truncated' : 'corrupt', `cannot undo content-encoding ${coding}`);
}
