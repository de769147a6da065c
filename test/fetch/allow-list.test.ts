import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/shared/errors/errors.js';
import { createAllowList, parseAllowedHost } from '../../src/shared/fetch/allow-list.js';

describe('an allowed host', () => {
  it.each([
    ['Pictures.Example', { host: 'pictures.example' }],
    ['pictures.example.:8080', { host: 'pictures.example', port: 8080 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['0x7f.1:9', { host: '127.0.0.1', port: 9 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['[0:0:0:0:0:0:0:1]', { host: '::1' }],
  ])('is read and normalised: %s', (text, expected) => {
    expect(parseAllowedHost(text)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    'http://a',
    'a/b',
    'a b',
    '*',
    '*.a.example',
    'a:0',
    'a:65536',
    'a:x',
    '::1',
    'me@a',
    'a?b',
  ])("is refused with the text in the message: '%s'", (text) => {
    expect(() => parseAllowedHost(text)).toThrow(UsageError);
    expect(() => parseAllowedHost(text)).toThrow(`'${text}'`);
  });
});

describe('the allow list', () => {
  const list = createAllowList([parseAllowedHost('a.example'), parseAllowedHost('127.0.0.1:8080')]);

  it('lets exactly the host and port through', () => {
    expect(list.has('127.0.0.1', 8080)).toBe(true);
    expect(list.has('127.0.0.1', 80)).toBe(false);
    expect(list.has('127.0.0.2', 8080)).toBe(false);
  });

  it('lets a host without a port through on 80 and 443 alone', () => {
    expect([80, 443, 8080].map((port) => list.has('A.example.', port))).toEqual([true, true, false]);
    expect(list.has('b.a.example', 80)).toBe(false);
  });
});
