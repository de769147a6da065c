import { describe, expect, it } from 'vitest';
import { contentHash, stableJson } from '../../src/shared/article/content-hash.js';
import { parseArticle } from '../../src/shared/article/parse.js';
import type { Article } from '../../src/shared/record/schema.js';
import { article, SECURED } from '../fixtures/article/articles.js';

function parsed(text: string): Article {
  const result = parseArticle(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.article;
}

const hashOf = (text: string): string => contentHash(parsed(text), []);
const base = hashOf(article());

describe('the hash of the content', () => {
  it('never changes from version to version of Galley', () => {
    expect(base).toBe('969ea34a2e2588f39b90d4228962953c550501e6d8d6359dca5818dd4a05cd02');
  });

  it.each([
    ['title', article().replace('second', 'third')],
    ['date', article().replace('2026-01-01', '2026-01-02')],
    ['address', article().replace('/bridge', '/bridge-2')],
    ['provider', article().replace('name: Example', 'name: Sample')],
    ['topics', article({ front: '  - Harbours\n' })],
    ['body', article({ body: 'Text.\n' })],
    ['secured', article({ front: `secured: "${SECURED}"\n` })],
    ['unknown fields', article({ front: 'mood: cheerful\n' })],
  ])('changes with the %s', (_, text) => {
    expect(hashOf(text)).not.toBe(base);
  });

  it.each([
    ['declared scores', article({ front: 'quality: 54\nheat: 64\npublished: false\n' })],
    ['related', article({ front: 'related:\n  - title: x\n' })],
    ['the way the file is written', article().replace(/\n/g, '\r\n').replace('01T00:00:00Z', '01')],
  ])('does not change with %s', (_, text) => {
    expect(hashOf(text)).toBe(base);
  });

  it('does not depend on the order of fields, at any depth', () => {
    const one = article({ front: 'a: {x: 1, y: [2, {p: 1, q: 2}]}\nb: 1\n' });
    const other = article({ front: 'b: 1\na: {y: [2, {q: 2, p: 1}], x: 1}\n' });
    expect(hashOf(one)).toBe(hashOf(other));
    expect(hashOf(one)).not.toBe(hashOf(article({ front: 'b: 1\na: {y: [{q: 2, p: 1}, 2], x: 1}\n' })));
  });

  it('changes with the bytes of a picture, and with its being bad, not reached or known', () => {
    const one = parsed(article({ front: 'images:\n  - url: /a.png\n' }));
    const hashes = [
      contentHash(one, [{ status: 'verified', sha256: 'aa' }]),
      contentHash(one, [{ status: 'verified', sha256: 'bb' }]),
      contentHash(one, [{ status: 'failed', reason: 'truncated' }]),
      contentHash(one, [{ status: 'failed', reason: 'timeout' }]),
    ];
    expect(new Set(hashes).size).toBe(4);
    expect(contentHash(one, [{ status: 'failed', reason: 'blank' }])).toBe(hashes[2]);
    expect(contentHash(one, [{ status: 'failed', reason: 'status-5xx' }])).toBe(hashes[3]);
    expect(contentHash(one, [{ status: 'skipped', reason: 'resting' }])).toBe(hashes[3]);
  });
});

describe('stable JSON', () => {
  it('has its keys in order and nothing that is undefined', () => {
    expect(stableJson({ b: [undefined, null], a: { d: 'x', c: undefined } })).toBe(
      '{"a":{"d":"x"},"b":[null,null]}',
    );
  });
});
