import { hash } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** 25 characters of 5 bits: 125 bits, so that two of a billion articles share an id about once in 10^19 worlds. */
const DIGEST_CHARACTERS = 25;
const MAX_SLUG_LENGTH = 80;

/** Letters that Unicode does not take apart, as they are usually written in ASCII. */
const ASCII_SPELLINGS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
};

/** Device names of Windows: a file of such a name cannot be made there, whatever its extension. */
const RESERVED_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

function digest(text: string): string {
  const bytes = hash('sha256', text, 'buffer');
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes.subarray(0, Math.ceil((DIGEST_CHARACTERS * 5) / 8))) {
    value = ((value << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += BASE32.charAt((value >> (bits - 5)) & 31);
  }
  return out.slice(0, DIGEST_CHARACTERS);
}

/**
 * The id of an article: 26 characters of `a-z2-7`, from its canonical URL (first letter `u`), else from the key of its
 * source (`p`, for path). Has no `:` and is never a number, as BullMQ wants of ids; fit for URLs and file names.
 */
export function articleId(from: {
  readonly canonicalUrl?: string | undefined;
  readonly sourceKey: string;
}): string {
  return from.canonicalUrl === undefined ? `p${digest(from.sourceKey)}` : `u${digest(from.canonicalUrl)}`;
}

/** Hash of a source's key, of the same form as an article's id, first letter `s`: for job and event ids. */
export function sourceHash(key: string): string {
  return `s${digest(key)}`;
}

/**
 * A title as the last part of an address: lower-case ASCII letters and digits with single hyphens, at most 80
 * characters, cut between words where it can be. Never empty and never a path: `fallbackId` stands in for a title
 * without Latin letters and is added to names that Windows keeps for devices.
 */
export function slugOf(title: string, fallbackId: string): string {
  const ascii = title
    // Longer titles cannot add to 80 characters; normalising megabytes would only cost time.
    .slice(0, MAX_SLUG_LENGTH * 8)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/['’]|\p{M}/gu, '')
    .replace(/[^\x00-\x7f]/g, (letter) => ASCII_SPELLINGS[letter] ?? ' ')
    .replace(/[^a-z0-9]+/g, '-');
  const words = ascii.slice(ascii.startsWith('-') ? 1 : 0);
  const cut = words.length <= MAX_SLUG_LENGTH ? words : cutAtWord(words);
  const slug = cut.endsWith('-') ? cut.slice(0, -1) : cut;
  if (slug === '') return fallbackId;
  return RESERVED_NAME.test(slug) ? `${slug}-${fallbackId}` : slug;
}

function cutAtWord(words: string): string {
  const hyphen = words.lastIndexOf('-', MAX_SLUG_LENGTH);
  return words.slice(0, hyphen > MAX_SLUG_LENGTH / 2 ? hyphen : MAX_SLUG_LENGTH);
}
