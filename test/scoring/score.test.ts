import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { IMAGE_REASONS_BAD, IMAGE_REASONS_NOT_REACHED } from '../../src/shared/record/schema.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';
import { scoringProfileSchema } from '../../src/shared/scoring/profile.js';
import { scoreArticle, type Scored } from '../../src/shared/scoring/score.js';
import { anArticle, aPicture } from './articles.js';

const size = fc.option(fc.integer({ min: 1, max: 4000 }), { nil: undefined });
const images = fc.array(
  fc
    .record({
      width: size,
      height: size,
      state: fc.constantFrom('verified', ...IMAGE_REASONS_NOT_REACHED, ...IMAGE_REASONS_BAD),
    })
    .map(({ width, height, state }) =>
      aPicture({
        width,
        height,
        ...(state === 'verified' ? {} : { status: 'failed' as const, isCached: false, reason: state }),
      }),
    ),
  { maxLength: 6 },
);
const articles = fc
  .record({
    title: fc.string({ maxLength: 300 }),
    type: fc.constantFrom('article', 'video', 'constructor', '__proto__', 'course'),
    topics: fc.array(fc.string({ maxLength: 20 }), { maxLength: 8 }),
    hasLogo: fc.boolean(),
    words: fc.integer({ min: 0, max: 2000 }),
    excerpt: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
    language: fc.constantFrom(undefined, 'en', 'de', 'x'),
    ampWebUrl: fc.constantFrom(undefined, 'https://a.example/amp'),
    canonicalUrl: fc.constantFrom(undefined, 'https://a.example/1', 'https://b.example/1'),
  })
  .map(({ hasLogo, words, ...rest }) =>
    anArticle({
      ...rest,
      provider: {
        name: 'A',
        domain: 'a.example',
        ...(hasLogo ? { images: [{ url: 'https://a.example/l.png' }] } : {}),
      },
      body: { format: 'markdown', text: '', words },
    }),
  );
const related = fc.array(
  fc.constantFrom('a.example', 'b.example', 'c.example').map((domain) => ({
    title: 'x',
    provider: { name: domain, domain },
  })),
  { maxLength: 3 },
);

const total = (lines: Scored['scores']['quality']): number =>
  lines.reduce((sum, { points }) => sum + points, 0);
const qualityOf = (changes: Parameters<typeof anArticle>[0], pictures = [aPicture()]): number =>
  scoreArticle({ article: anArticle(changes), images: pictures, related: [] }, defaultProfile).quality;

describe('scores', () => {
  it('are the sum of their points, whole, and heat is never below quality', () => {
    fc.assert(
      fc.property(articles, images, related, (article, pictures, others) => {
        const scored = scoreArticle({ article, images: pictures, related: others }, defaultProfile);
        expect(total(scored.scores.quality)).toBe(scored.quality);
        expect(total(scored.scores.heat)).toBe(scored.heat);
        expect(scored.quality).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(scored.quality)).toBe(true);
        expect(scored.heat).toBeGreaterThanOrEqual(scored.quality);
        expect(scored.published).toBe(scored.quality >= 70);
      }),
    );
  });

  it('are never lowered by one more verified picture, whatever its size', () => {
    fc.assert(
      fc.property(articles, images, size, size, (article, pictures, width, height) => {
        const before = scoreArticle({ article, images: pictures, related: [] }, defaultProfile);
        const more = [...pictures, aPicture({ width, height })];
        const after = scoreArticle({ article, images: more, related: [] }, defaultProfile);
        expect(after.quality).toBeGreaterThanOrEqual(before.quality);
      }),
    );
  });

  it('depend neither on what was scored before nor on the clock', () => {
    fc.assert(
      fc.property(fc.array(articles, { minLength: 1, maxLength: 4 }), images, (some, pictures) => {
        const scoreAll = (all: typeof some): Scored[] =>
          all.map((article) => scoreArticle({ article, images: pictures, related: [] }, defaultProfile));
        const once = scoreAll(some);
        vi.useFakeTimers({ now: 0 });
        try {
          expect(scoreAll(some.toReversed()).toReversed()).toEqual(once);
        } finally {
          vi.useRealTimers();
        }
      }),
    );
  });

  it('do not depend on the order of pictures', () => {
    fc.assert(
      fc.property(articles, images, (article, pictures) => {
        const one = scoreArticle({ article, images: pictures, related: [] }, defaultProfile);
        const other = scoreArticle({ article, images: pictures.toReversed(), related: [] }, defaultProfile);
        expect(other.quality).toBe(one.quality);
      }),
    );
  });

  it.each(IMAGE_REASONS_NOT_REACHED)('count a picture that was not reached (%s) as declared', (reason) => {
    const picture = aPicture({ status: 'failed', isCached: false, reason });
    expect(qualityOf({}, [picture])).toBe(qualityOf({}));
  });

  it.each(IMAGE_REASONS_BAD)('count a picture found bad (%s) as absent', (reason) => {
    const picture = aPicture({ status: 'failed', isCached: false, reason });
    expect(qualityOf({}, [picture])).toBe(qualityOf({}, []));
  });

  it('give a small icon and a narrow banner less than a picture that fits', () => {
    expect(qualityOf({}, [aPicture({ width: 64, height: 64 })])).toBe(qualityOf({}) - 10);
    expect(qualityOf({}, [aPicture({ width: 2000, height: 90 })])).toBe(qualityOf({}) - 10);
  });

  it('rise with further topics, and when the title names one word by word', () => {
    const one = qualityOf({});
    expect(qualityOf({ topics: ['Shipping', 'Rivers'] })).toBe(one + 17);
    expect(qualityOf({ topics: ['Shipping', 'shipping '] })).toBe(one);
    expect(qualityOf({ title: 'How shipping changed' })).toBe(one + 15);
    expect(qualityOf({ title: 'Airshipping for all' })).toBe(one);
    expect(qualityOf({ topics: ['造船'], title: '日本の造船業が回復' })).toBe(one + 15);
  });

  it('fall by a point for each two characters of the title over 70', () => {
    const base = qualityOf({ title: 'x'.repeat(70) });
    expect(qualityOf({ title: 'x'.repeat(71) })).toBe(base);
    expect(qualityOf({ title: 'x'.repeat(72) })).toBe(base - 1);
    expect(qualityOf({ title: 'x'.repeat(90) })).toBe(base - 10);
  });

  it('take a title of a megabyte in no time', () => {
    const started = performance.now();
    qualityOf({ title: 'market size '.repeat(90_000) });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('give heat ten points when another provider covers the story, none for the same one', () => {
    const heat = (domain: string): number => {
      const entry = { title: 'x', provider: { name: domain, domain } };
      const scored = scoreArticle({ article: anArticle(), images: [], related: [entry] }, defaultProfile);
      return scored.heat - scored.quality;
    };
    expect(heat('other.example')).toBe(10);
    expect(heat('www.harbour.example')).toBe(0);
  });

  it('publish from the threshold on, and never a duplicate', () => {
    const profile = scoringProfileSchema.parse({ publishThreshold: 22 });
    const input = { article: anArticle(), images: [aPicture()], related: [] };
    expect(scoreArticle(input, profile)).toMatchObject({ quality: 22, published: true });
    expect(scoreArticle({ ...input, duplicateOf: 'other' }, profile).published).toBe(false);
    expect(scoreArticle(input, { ...profile, publishThreshold: 23 }).published).toBe(false);
  });

  it('keep what the file declared', () => {
    const declaredScores = { quality: 54, heat: 64, published: false };
    const article = anArticle({ declaredScores });
    expect(scoreArticle({ article, images: [], related: [] }, defaultProfile).scores.declared).toEqual(
      declaredScores,
    );
  });
});

describe('a profile', () => {
  it('takes a single changed weight and keeps the other defaults', () => {
    const profile = scoringProfileSchema.parse({
      name: 'mine',
      picture: { fit: 5 },
      provider: { valued: { 'a.example': 7 } },
    });
    expect(profile.picture).toEqual({ ...defaultProfile.picture, fit: 5 });
    expect(profile.topics).toEqual(defaultProfile.topics);
  });

  it.each([{ tilte: {} }, { topics: { frist: 1 } }, { publishThreshold: 1.5 }])('refuses %j', (wrong) => {
    expect(scoringProfileSchema.safeParse(wrong).success).toBe(false);
  });
});
