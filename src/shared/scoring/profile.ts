import { z } from 'zod';

const points = z.number().int().min(-1000).max(1000);
const text = z.string().min(1).max(200);

/**
 * A scoring profile: all that decides a score besides the article. It is data, so that a site can change it in its
 * configuration; the code knows signals, never names. Points are whole.
 */
export const scoringProfileSchema = z.strictObject({
  name: text,
  /** Quality from which an article is published. */
  publishThreshold: points,
  topics: z.strictObject({
    /** For the first topic, for each one after it, and how many count at most. */
    first: points,
    further: points,
    most: z.number().int().min(1).max(100),
    /** When the title names one of the topics word by word. */
    namedInTitle: points,
    /** Extra points for single topics, by their name. */
    valued: z.record(text, points),
  }),
  title: z.strictObject({
    /** Characters that a title may have for free; beyond, `perStep` for each full `stepCharacters`. */
    freeCharacters: z.number().int().min(1),
    stepCharacters: z.number().int().min(1),
    perStep: points,
    /** Mostly capitals. */
    shouting: points,
    /** Phrases that tease instead of telling. */
    clickbait: points,
    /** One of the market research reports that are sold by the dozen. */
    marketReport: points,
  }),
  picture: z.strictObject({
    /** For a picture that can stand above an article, and for one that is too small or too long and narrow. */
    fit: points.min(0),
    unfit: points.min(0),
    /** Pixels that the longer side of a fit picture has, and how many times it may exceed the shorter. */
    longSide: z.number().int().min(1),
    maxAspect: z.number().min(1),
  }),
  provider: z.strictObject({
    /** For a provider that the site keeps a logo of: one that it knows. */
    withLogo: points,
    /** Extra points for single providers, by their domain. */
    valued: z.record(text, points),
  }),
  /** By the article's type. */
  types: z.record(text, points),
  body: z.strictObject({
    /** For a body of at least this many words. */
    words: z.number().int().min(1),
    long: points,
  }),
  heat: z.strictObject({
    /** When another provider covers the story. Not negative: heat is never below quality. */
    coverage: points.min(0),
  }),
});
export type ScoringProfile = z.infer<typeof scoringProfileSchema>;
