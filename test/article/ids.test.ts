import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { articleId, slugOf, sourceHash } from '../../src/shared/article/ids.js';

describe('ids', () => {
  it('come from the canonical address where there is one, else from the source', () => {
    const url = 'https://news.example/1';
    expect(articleId({ canonicalUrl: url, sourceKey: 'a/1.md' })).toBe(
      articleId({ canonicalUrl: url, sourceKey: 'b/2.md' }),
    );
    expect(articleId({ sourceKey: 'a/1.md' })).not.toBe(articleId({ sourceKey: 'b/2.md' }));
    expect(articleId({ canonicalUrl: 'x', sourceKey: 'y' })).not.toBe(articleId({ sourceKey: 'x' }));
  });

  it('never change from version to version of Galley', () => {
    expect(articleId({ canonicalUrl: 'https://news.example/1', sourceKey: '' })).toBe(
      'u6e3sw7gqldaqj6robpxk6nldm',
    );
    expect(articleId({ sourceKey: 'inbox/a.md' })).toBe('pyguo2qeoib4rw7xfuc6hwnu3x');
    expect(sourceHash('inbox/a.md')).toBe('syguo2qeoib4rw7xfuc6hwnu3x');
  });

  it('are what BullMQ, addresses and file names take', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        expect(articleId({ sourceKey: key })).toMatch(/^p[a-z2-7]{25}$/);
        expect(articleId({ canonicalUrl: key, sourceKey: '' })).toMatch(/^u[a-z2-7]{25}$/);
        expect(sourceHash(key)).toMatch(/^s[a-z2-7]{25}$/);
      }),
    );
  });
});

describe('slugs', () => {
  it.each([
    ["Seattle's officials push back, again!", 'seattles-officials-push-back-again'],
    ['Crème brûlée — Straße & Łódź', 'creme-brulee-strasse-lodz'],
    ['Ærø Øresund', 'aero-oresund'],
    ['../../etc/passwd', 'etc-passwd'],
    ['ﬁne ① ½', 'fine-1-1-2'],
    ['東京', 'id1'],
    ['...', 'id1'],
    ['', 'id1'],
    ['CON', 'con-id1'],
    ['LPT1', 'lpt1-id1'],
  ])('of %j is %j', (title, slug) => {
    expect(slugOf(title, 'id1')).toBe(slug);
  });

  it('are cut between words at 80 characters', () => {
    const slug = slugOf('extraordinary '.repeat(20), 'id1');
    expect(slug).toBe('extraordinary-'.repeat(5).slice(0, -1));
    expect(slugOf('x'.repeat(200), 'id1')).toBe('x'.repeat(80));
  });

  it('are never empty, too long or a path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (title) => {
        expect(slugOf(title, 'id1')).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
        expect(slugOf(title, 'id1').length).toBeLessThanOrEqual(80);
      }),
    );
  });
});
