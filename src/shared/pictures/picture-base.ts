import type { Article } from '../record/schema.js';

/** The URL that an article's site-relative pictures are resolved against. */
export function pictureBase(
  article: Pick<Article, 'webUrl' | 'originalUrl' | 'canonicalUrl'>,
): string | undefined {
  return article.webUrl ?? article.originalUrl ?? article.canonicalUrl;
}
