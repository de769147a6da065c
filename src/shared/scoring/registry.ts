import type { Signal } from './signal.js';
import { body } from './signals/body.js';
import { completeness } from './signals/completeness.js';
import { coverage } from './signals/coverage.js';
import { domain } from './signals/domain.js';
import { excerpt } from './signals/excerpt.js';
import { language } from './signals/language.js';
import { mobilePage } from './signals/mobile-page.js';
import { picture } from './signals/picture.js';
import { provider } from './signals/provider.js';
import { readability } from './signals/readability.js';
import { titleCapitals } from './signals/title-capitals.js';
import { titleClickbait } from './signals/title-clickbait.js';
import { titleLength } from './signals/title-length.js';
import { titleListicle } from './signals/title-listicle.js';
import { titleMarketReport } from './signals/title-market-report.js';
import { topics } from './signals/topics.js';
import { type } from './signals/type.js';

/** Signals of quality, in the order of their lines in the record. They look at the article and its pictures alone. */
export const QUALITY_SIGNALS: readonly Signal[] = [
  topics,
  titleLength,
  titleCapitals,
  titleClickbait,
  titleListicle,
  titleMarketReport,
  excerpt,
  completeness,
  picture,
  provider,
  domain,
  mobilePage,
  type,
  body,
  readability,
  language,
];

/** Signals that heat adds to quality. They give no negative points. */
export const HEAT_SIGNALS: readonly Signal[] = [coverage];
