import { z } from 'zod';
import { DEFAULT_WEIGHTS as weights } from './default-weights.js';

const points = z.number().int().min(-1000).max(1000);
const text = z.string().min(1).max(200);

/**
 * A scoring profile: all that decides a score besides the article. It is data, so that a site can change it in its
 * configuration, a single weight too; the code knows signals, never names. Points are whole.
 */
export const scoringProfileSchema = z.strictObject({
  name: text.default(weights.name),
  /** Quality from which an article is published. */
  publishThreshold: points.default(weights.publishThreshold),
  topics: z
    .strictObject({
      /** For the first topic, for each one after it, and how many count at most. */
      first: points.default(weights.topics.first),
      further: points.default(weights.topics.further),
      most: z.number().int().min(1).max(100).default(weights.topics.most),
      /** When the title names one of the topics word by word. */
      namedInTitle: points.default(weights.topics.namedInTitle),
      /** Extra points for single topics, by their name. */
      valued: z.record(text, points).default(weights.topics.valued),
    })
    .prefault({}),
  title: z
    .strictObject({
      /** Characters that a title may have for free; beyond, `perStep` for each full `stepCharacters`. */
      freeCharacters: z.number().int().min(1).default(weights.title.freeCharacters),
      stepCharacters: z.number().int().min(1).default(weights.title.stepCharacters),
      perStep: points.default(weights.title.perStep),
      /** Mostly capitals. */
      shouting: points.default(weights.title.shouting),
      /** Phrases that tease instead of telling. */
      clickbait: points.default(weights.title.clickbait),
      /** One of the market research reports that are sold by the dozen. */
      marketReport: points.default(weights.title.marketReport),
    })
    .prefault({}),
  picture: z
    .strictObject({
      /** For a picture that can stand above an article, and for one that is too small or too long and narrow. */
      fit: points.min(0).default(weights.picture.fit),
      unfit: points.min(0).default(weights.picture.unfit),
      /** Pixels that the longer side of a fit picture has, and how many times it may exceed the shorter. */
      longSide: z.number().int().min(1).default(weights.picture.longSide),
      maxAspect: z.number().min(1).default(weights.picture.maxAspect),
    })
    .prefault({}),
  provider: z
    .strictObject({
      /** For a provider that the site keeps a logo of: one that it knows. */
      withLogo: points.default(weights.provider.withLogo),
      /** Extra points for single providers, by their domain. */
      valued: z.record(text, points).default(weights.provider.valued),
    })
    .prefault({}),
  /** By the article's type. */
  types: z.record(text, points).default(weights.types),
  body: z
    .strictObject({
      /** For a body of at least this many words. */
      words: z.number().int().min(1).default(weights.body.words),
      long: points.default(weights.body.long),
    })
    .prefault({}),
  heat: z
    .strictObject({
      /** When another provider covers the story. Not negative: heat is never below quality. */
      coverage: points.min(0).default(weights.heat.coverage),
    })
    .prefault({}),
});
export type ScoringProfile = z.infer<typeof scoringProfileSchema>;

/** Points that a table of the profile gives a name from outside; `constructor` and the like are names as any other. */
export function pointsOf(table: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
