import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { eld } from 'eld/extrasmall';
import type { Article } from '../record/schema.js';

/** Letters below which the detector's answer is a guess. */
const LEAST_LETTERS = 40;
/** More text makes the answer no surer, only slower. */
const MOST_CHARACTERS = 1000;

/** Codes for what the detector does not tell apart. */
const SAME: Readonly<Record<string, string>> = { nb: 'no', nn: 'no', iw: 'he', in: 'id', fil: 'tl' };

let detector: typeof eld | undefined;

/**
 * The detector, an n-gram table of ISO 639-1 languages that is shipped with its package, loaded with the first text:
 * it takes 85 MB and up to half a second, and most sites never ask for it. Scores are made synchronously, hence
 * `require`; the package lists its entries for `import` alone, hence by path.
 */
function loadDetector(): typeof eld {
  if (detector === undefined) {
    const file = fileURLToPath(import.meta.resolve('eld/extrasmall'));
    const loaded = createRequire(import.meta.url)(file) as { eld: typeof eld };
    detector = loaded.eld;
  }
  return detector;
}

/** The language that the article is written in by its text, as two letters of ISO 639-1; undefined where not sure. */
export function detectLanguage(article: Article): string | undefined {
  const text = [article.title, article.excerpt, article.body?.text.slice(0, MOST_CHARACTERS)]
    .filter((part) => part !== undefined)
    .join('. ')
    .slice(0, MOST_CHARACTERS);
  if ((text.match(/\p{L}/gu)?.length ?? 0) < LEAST_LETTERS) return undefined;
  const found = loadDetector().detect(text);
  return found.language !== '' && found.isReliable() ? found.language : undefined;
}

/** The language that the file says, in `language` or else in `locale`, as its first subtag in lower case. */
export function declaredLanguage({ language, locale }: Article): string | undefined {
  const code = (language ?? locale)?.trim().toLowerCase().split(/[-_]/, 1)[0];
  if (code === undefined || !/^[a-z]{2,3}$/.test(code)) return undefined;
  return Object.hasOwn(SAME, code) ? SAME[code] : code;
}

/** The declared language, else the detected one. */
export function languageOf(article: Article): string | undefined {
  return declaredLanguage(article) ?? detectLanguage(article);
}
