import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanBody, cleanText, decodeUtf8, foldText, storableText } from '../../src/shared/article/text.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf16le'));

function problemOf(input: Uint8Array) {
  const decoded = decodeUtf8(input);
  if ('text' in decoded) throw new Error(`was taken as text: ${decoded.text}`);
  return decoded.problem;
}

/** Any string, lone surrogates and control characters included. */
const anyText = fc
  .string({ unit: 'binary', maxLength: 60 })
  .chain((text) =>
    fc.constantFrom(text, `${text}\ud800`, `\udc00 ${text}`, `${text}\0\u0007\u0085`, `é ${text} e\u0301`),
  );

describe('decoding', () => {
  it('takes UTF-8 and drops the byte order mark', () => {
    expect(decodeUtf8(utf8('\ufeff---\ntitle: é 😀\n'))).toEqual({ text: '---\ntitle: é 😀\n' });
    expect(decodeUtf8(bytes())).toEqual({ text: '' });
  });

  it('reads only its own part of a larger buffer', () => {
    expect(decodeUtf8(utf8('xxabcxx').subarray(2, 5))).toEqual({ text: 'abc' });
  });

  it.each([
    ['little endian with its mark', new Uint8Array([0xff, 0xfe, ...utf16('---\ntitle')])],
    ['little endian without', utf16('---\ntitle: Hello there\n---\n')],
    ['big endian without', new Uint8Array(Buffer.from(utf16('---\ntitle: Hello\n')).swap16())],
  ])('names UTF-16, %s, and the mend', (_, input) => {
    const problem = problemOf(input);
    expect(problem.code).toBe('encoding');
    expect(problem.message).toMatch(/UTF-16.*save it as UTF-8/);
  });

  it('names UTF-32', () => {
    expect(problemOf(bytes(0xff, 0xfe, 0, 0, 0x2d, 0, 0, 0)).message).toContain('UTF-32');
  });

  it('gives the line of the first byte of another encoding', () => {
    const latin1 = new Uint8Array(Buffer.from('---\ntitle: é\nname: x\n', 'latin1'));
    expect(problemOf(latin1)).toMatchObject({ code: 'encoding', line: 2 });
    expect(problemOf(new Uint8Array([...utf8('é€😀\n\n\n'), 0xe9, 0x20]))).toMatchObject({ line: 4 });
  });

  it('tells pictures, archives and other binary files by name', () => {
    expect(problemOf(bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)).message).toContain('PNG');
    expect(problemOf(bytes(0x50, 0x4b, 3, 4, 0, 0, 0xff)).message).toContain('ZIP');
    const noise = Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) % 256);
    expect(problemOf(noise)).toMatchObject({ code: 'binary' });
  });

  it('gives the line of a NUL byte in a text', () => {
    const text = `---\ntitle: x\n${'more text, '.repeat(20)}\0`;
    expect(problemOf(utf8(text))).toMatchObject({ code: 'nul', line: 3 });
  });

  it('never throws, and what it takes is the text that was written', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (input) => void decodeUtf8(input)));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0') && !text.startsWith('\ufeff') && !/\p{Surrogate}/u.test(text));
        expect(decodeUtf8(utf8(text))).toEqual({ text });
      }),
    );
  });
});

describe('cleaning', () => {
  it.each([
    ['Q&amp;A &#8217;s&nbsp;&nbsp;end', 'Q&A ’s end'],
    ['  two\r\n\r\nlines\t and\u00a0more ', 'two lines and more'],
    ['Cafe\u0301', 'Café'],
    ['a\0b\u0007c\u001b[31m', 'abc[31m'],
    ['half \ud83d pair', 'half \ufffd pair'],
    ['&#0;&#xd800;x', '\ufffd\ufffdx'],
    ['AT&T, ?a=1&copy=2', 'AT&T, ?a=1&copy=2'],
    ['&amp;lt;b&amp;gt;', '&lt;b&gt;'],
    ['😀 stays', '😀 stays'],
  ])('%j becomes %j', (from, to) => {
    expect(cleanText(from)).toBe(to);
  });

  it('does not decode entities in names', () => {
    expect(foldText('R&amp;D  lab')).toBe('R&amp;D lab');
  });

  it('keeps the lines of a body, ended by line feeds', () => {
    expect(cleanBody('\none\r\n\r\n  two\rthree\0\u0007\tx\ud800')).toBe('\none\n\n  two\nthree\tx\ufffd');
  });

  it('leaves other text as it is but for what no store can hold', () => {
    expect(storableText('a\0b\udc00 \u0007 e\u0301')).toBe('ab\ufffd \u0007 e\u0301');
    expect(storableText('😀')).toBe('😀');
  });

  it('gives one clean line for any text, and does nothing the second time', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const folded = foldText(text);
        expect(folded).not.toMatch(/\p{Cc}|\p{Surrogate}|\s\s|^\s|\s$/u);
        expect(folded.normalize('NFC')).toBe(folded);
        expect(foldText(folded)).toBe(folded);
        expect(cleanText(text)).not.toMatch(/\p{Cc}|\p{Surrogate}/u);
      }),
    );
  });

  it('gives a clean body for any text, and does nothing the second time', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const body = cleanBody(text);
        expect(body.replace(/[\n\t]/g, '')).not.toMatch(/\p{Cc}|\p{Surrogate}/u);
        expect(cleanBody(body)).toBe(body);
      }),
    );
  });
});
