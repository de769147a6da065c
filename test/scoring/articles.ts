import { articleSchema, type Article, type RecordImage } from '../../src/shared/record/schema.js';

/** A complete article of one topic, without logo, picture or anything else that gives or takes points. */
export function anArticle(changes: Partial<Article> = {}): Article {
  return articleSchema.parse({
    title: 'A bridge over the river',
    excerpt: 'The council has agreed to build a bridge between the two halves of the old town.',
    publishedDateTime: '2026-03-01T08:00:00Z',
    canonicalUrl: 'https://harbour.example/a-bridge',
    type: 'article',
    provider: { name: 'The Harbour Post', domain: 'harbour.example' },
    topics: ['Shipping'],
    images: [],
    related: [],
    extra: {},
    ...changes,
  });
}

/** A verified picture that fits, unless said otherwise. */
export function aPicture(changes: Partial<RecordImage> = {}): RecordImage {
  return {
    url: 'https://pictures.example/a.jpg',
    width: 1200,
    height: 675,
    isCached: true,
    status: 'verified',
    ...changes,
  };
}
