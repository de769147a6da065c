import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countWords } from '../../src/shared/article/words.js';

describe('words of a body', () => {
  it.each([
    ['', 0],
    ['One two, three.', 3],
    ["Don't count co-op or 3.5 twice", 6],
    ['# Title\n\n* a [link](https://example.com/not/counted) ![picture](/a.png "x")', 5],
    ['<p class="not these">but <b>these</b></p><!-- not this -->', 2],
    ['<style>p { a: b }</style><script>if (a < b) c()</script>text', 1],
    ['a < b and c > d', 5],
    ['<p unclosed', 2],
    ['<!-- never closed', 2],
    ['東京タワー', 5],
    ['naïve café', 2],
  ])('of %j are %i', (body, words) => {
    expect(countWords(body)).toBe(words);
  });

  it('are counted in a moment, whatever opens and never closes', () => {
    const start = process.cpuUsage();
    for (const part of ['<!--', '<p', '<script>', '<', '](', 'a-', '<style', '</'])
      countWords(part.repeat(200_000));
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(10_000_000);
  });

  it('are never fewer than none', () => {
    fc.assert(fc.property(fc.string(), (text) => countWords(text) >= 0));
  });
});
