import type { Example } from '../../src/shared/scoring/calibration/examples.js';
import type { ScoringProfile } from '../../src/shared/scoring/profile.js';
import { scoreArticle } from '../../src/shared/scoring/score.js';
import { anArticle, aPicture } from './articles.js';

const PROVIDERS = ['harbour.example', 'harbour.example', 'tide.example', 'rope.example'];

/** Articles of all kinds, scored by a profile; every one differs in some way, and the same number gives the same ones. */
export function scoredExamples(count: number, profile: ScoringProfile): Example[] {
  return Array.from({ length: count }, (_, n) => {
    const article = anArticle({
      title: `${n % 3 === 0 ? 'Shipping' : 'Boats'} number ${n} ${'and more '.repeat(n % 14)}`.trim(),
      topics: ['Shipping', 'Rivers', 'Towns'].slice(0, 1 + (n % 3)),
      type: n % 7 === 0 ? 'video' : 'article',
      provider: {
        name: 'A',
        domain: PROVIDERS[n % 4],
        ...(n % 5 < 2 ? { images: [{ url: 'https://site.example/logo.png' }] } : {}),
      },
      ...(n % 11 < 3 ? { ampWebUrl: `https://amp.example/${n}` } : {}),
    });
    const images = n % 4 === 1 ? [] : [aPicture(n % 13 === 0 ? { width: 60, height: 60 } : {})];
    const { quality, published } = scoreArticle({ article, images, related: [] }, profile);
    return { key: `${n}.md`, article, images, wanted: { quality, published } };
  });
}
