/**
 * The weights that count where none are configured. Topics, title length, picture, logo, page for phones and video were
 * fitted to articles that an editors' system had scored (`galley calibrate`, see `docs/scoring.md`). The others are
 * small: they mark what hardly occurs there, and were set by judgement.
 */
export const DEFAULT_WEIGHTS = {
  name: 'default',
  publishThreshold: 70,
  topics: { first: 2, further: 17, most: 4, namedInTitle: 15, aliases: {}, valued: {} },
  completeness: { missing: -2 },
  excerpt: { shortCharacters: 50, short: -1, truncated: -1 },
  title: {
    freeCharacters: 70,
    stepCharacters: 2,
    perStep: -1,
    capitals: -5,
    clickbait: -5,
    listicle: -3,
    marketReport: -15,
  },
  picture: { fit: 20, unfit: 10, longSide: 200, maxAspect: 5 },
  page: { mobile: 20, foreignDomain: -3 },
  provider: { withLogo: 50, known: [], valued: {} },
  types: { video: 50 },
  body: { words: 300, long: 5, readableGrade: 18, hard: -3 },
  language: { expected: [], other: -20, contradicted: -3 },
  heat: { coverage: 10 },
} as const;
