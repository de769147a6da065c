import { hash } from 'node:crypto';
import { type Article, IMAGE_REASONS_NOT_REACHED, type RecordImage } from '../record/schema.js';

/** What of a picture counts: which bytes it is, or that it is bad, or that it could not be looked at. */
export type PictureOutcome = Pick<RecordImage, 'status' | 'sha256' | 'reason'>;

const NOT_REACHED: ReadonlySet<string> = new Set(IMAGE_REASONS_NOT_REACHED);

function pictureWord({ status, sha256, reason }: PictureOutcome): string {
  switch (status) {
    case 'verified':
      return sha256 ?? 'verified';
    case 'skipped':
      return 'not reached';
    case 'failed':
      return reason !== undefined && NOT_REACHED.has(reason) ? 'not reached' : 'bad';
    default:
      return status satisfies never;
  }
}

/**
 * JSON with the keys of every object in order of their code units: the same for the same content, whatever order a file
 * or a JSONB column gives it in. Absent and undefined are the same.
 */
export function stableJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${stableJson(field)}`);
  return `{${fields.join(',')}}`;
}

/**
 * SHA-256, hex, of what a file declares, normalised, and of what became of each picture, in their order. A change of it
 * is a new version. Left out is what Galley itself works out or what moves without the article changing: canonical URL,
 * count of words, scores, related.
 */
export function contentHash(article: Article, pictures: readonly PictureOutcome[]): string {
  const { canonicalUrl: _canonical, related: _related, declaredScores: _scores, body, ...declared } = article;
  const text = body === undefined ? undefined : { format: body.format, text: body.text };
  return hash('sha256', stableJson([declared, text, pictures.map(pictureWord)]), 'hex');
}
