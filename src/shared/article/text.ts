import { Buffer, isUtf8 } from 'node:buffer';
import { decodeHTMLStrict } from 'entities/decode';
import { binaryKindOf, firstInvalidLine, wideEncodingOf } from './encoding.js';
import type { Problem } from './problem.js';

const SAVE_AS_UTF8 = 'save it as UTF-8 text';

/** Printable ASCII with single blanks and no `&`: nothing in it can need cleaning. Most titles are such. */
const CLEAN_ALREADY = /^[\x21-\x25\x27-\x7e]+(?: [\x21-\x25\x27-\x7e]+)*$/;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const NEEDS_BODY_CLEANING = /[^\t\n\x20-\x7e]/;
/** Control characters that are not white space. They are dropped, not turned into blanks. */
const CONTROLS = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/g;
const WHITE_SPACE = /[\s\u0085]+/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const REPLACEMENT = '\ufffd';
const VERTICAL_SPACE = /[\u000b\u000c\u0085]/g;

function problem(code: string, message: string, line?: number): { problem: Problem } {
  const where = line === undefined ? {} : { line };
  return { problem: { code, field: '', ...where, message, expected: 'UTF-8 text' } };
}

function lineAt(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let at = 0; at < offset; at += 1) if (bytes[at] === 0x0a) line += 1;
  return line;
}

function notUtf8(bytes: Uint8Array): { problem: Problem } {
  const kind = binaryKindOf(bytes);
  if (kind !== undefined) return problem('binary', `is ${kind}, not an article: ${SAVE_AS_UTF8}`);
  return problem(
    'encoding',
    `is not UTF-8 (perhaps Windows-1252 or Latin-1): ${SAVE_AS_UTF8}`,
    firstInvalidLine(bytes),
  );
}

/**
 * The text of a file, without its byte order mark. A file that is not UTF-8, is UTF-16 or UTF-32, is no text at all or
 * holds NUL bytes comes out as one problem that names what it is and how to mend it. Never throws.
 */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { problem: Problem } {
  const wide =
    bytes.includes(0) || bytes[0] === 0xff || bytes[0] === 0xfe ? wideEncodingOf(bytes) : undefined;
  if (wide !== undefined) return problem('encoding', `is ${wide}: ${SAVE_AS_UTF8}`);
  if (!isUtf8(bytes)) return notUtf8(bytes);
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    const kind = binaryKindOf(bytes);
    if (kind !== undefined) return problem('binary', `is ${kind}, not an article: ${SAVE_AS_UTF8}`);
    return problem('nul', 'holds a NUL byte: take it out', lineAt(bytes, nul));
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return { text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text };
}

/** The text as one line: NFC, no control characters, no lone surrogates, runs of white space as one blank. */
export function foldText(text: string): string {
  if (CLEAN_ALREADY.test(text)) return text;
  if (PRINTABLE_ASCII.test(text)) return text.replace(/ {2,}/g, ' ').trim();
  return text
    .replace(CONTROLS, '')
    .replace(LONE_SURROGATES, REPLACEMENT)
    .normalize('NFC')
    .replace(WHITE_SPACE, ' ')
    .trim();
}

/**
 * `foldText` with HTML entities decoded first, once: for titles and excerpts. Only entities that end in `;` count, so
 * that `AT&T` and `?a=1&copy=2` stay what they are.
 */
export function cleanText(text: string): string {
  if (CLEAN_ALREADY.test(text)) return text;
  return foldText(text.includes('&') ? decodeHTMLStrict(text) : text);
}

/** A body keeps its lines, ended by line feeds: NFC, no control characters but tab and line feed, no lone surrogates. */
export function cleanBody(text: string): string {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  if (!NEEDS_BODY_CLEANING.test(lines)) return lines;
  return lines
    .replace(CONTROLS, '')
    .replace(VERTICAL_SPACE, '\n')
    .replace(LONE_SURROGATES, REPLACEMENT)
    .normalize('NFC');
}

/** Either half of a pair, or NUL: found quickly, and rarely, so that the exact patterns need not run. */
const MAYBE_UNSTORABLE = /[\0\ud800-\udfff]/;

/** Any text as every store can hold it: no NUL, no lone surrogates, otherwise unchanged. */
export function storableText(text: string): string {
  if (!MAYBE_UNSTORABLE.test(text)) return text;
  return text.replaceAll('\0', '').replace(LONE_SURROGATES, REPLACEMENT);
}
