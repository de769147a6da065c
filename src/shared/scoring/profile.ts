import { z } from 'zod';
import { DEFAULT_WEIGHTS as weights } from './default-weights.js';

const points = z.number().int().min(-1000).max(1000);
const text = z.string().min(1).max(200);
const count = z.number().int().min(1);
const domain = z.string().regex(/^[^\s/:@]+\.[^\s/:@]+$/, 'a domain, such as example.com');

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
      most: count.max(100).default(weights.topics.most),
      /** When the title names one of the topics word by word. */
      namedInTitle: points.default(weights.topics.namedInTitle),
      /** Other names by which a title may call a topic, by the topic's name. */
      aliases: z.record(text, z.array(text).max(100)).default(weights.topics.aliases),
      /** Extra points for single topics, by their name. */
      valued: z.record(text, points).default(weights.topics.valued),
    })
    .prefault({}),
  completeness: z
    .strictObject({
      /** For each of excerpt, date, address and the provider's domain that the file does not say. */
      missing: points.default(weights.completeness.missing),
    })
    .prefault({}),
  excerpt: z
    .strictObject({
      /** An excerpt of fewer characters is short. */
      shortCharacters: count.default(weights.excerpt.shortCharacters),
      short: points.default(weights.excerpt.short),
      /** When it breaks off with an ellipsis. */
      truncated: points.default(weights.excerpt.truncated),
    })
    .prefault({}),
  title: z
    .strictObject({
      /** Characters that a title may have for free; beyond, `perStep` for each full `stepCharacters`. */
      freeCharacters: count.default(weights.title.freeCharacters),
      stepCharacters: count.default(weights.title.stepCharacters),
      perStep: points.default(weights.title.perStep),
      /** Mostly capitals. */
      capitals: points.default(weights.title.capitals),
      /** Phrases that tease instead of telling. */
      clickbait: points.default(weights.title.clickbait),
      /** A number of ways, tips or reasons. */
      listicle: points.default(weights.title.listicle),
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
      longSide: count.default(weights.picture.longSide),
      maxAspect: z.number().min(1).default(weights.picture.maxAspect),
    })
    .prefault({}),
  page: z
    .strictObject({
      /** When there is an AMP page, which opens at once on a phone. */
      mobile: points.default(weights.page.mobile),
      /** When the address is not on the provider's domain; a video is shown elsewhere as a rule, and is let off. */
      foreignDomain: points.default(weights.page.foreignDomain),
    })
    .prefault({}),
  provider: z
    .strictObject({
      /** For a provider that the site knows: its file has a logo of it, or `known` lists its domain. */
      withLogo: points.default(weights.provider.withLogo),
      /** Domains, their subdomains included, that count as if the file had a logo. */
      known: z.array(domain).default([...weights.provider.known]),
      /** Extra points for single providers, by their domain. */
      valued: z.record(text, points).default(weights.provider.valued),
    })
    .prefault({}),
  /** By the article's type. */
  types: z.record(text, points).default(weights.types),
  body: z
    .strictObject({
      /** For a body of at least this many words. */
      words: count.default(weights.body.words),
      long: points.default(weights.body.long),
      /** For an English body whose grade in school, by the Automated Readability Index, is above this one. */
      readableGrade: z.number().min(1).max(100).default(weights.body.readableGrade),
      hard: points.default(weights.body.hard),
    })
    .prefault({}),
  language: z
    .strictObject({
      /** Languages of the site, as two letters of ISO 639-1. With none, any language will do. */
      expected: z
        .array(z.string().regex(/^[a-z]{2}$/, 'two letters of ISO 639-1, such as en'))
        .default([...weights.language.expected]),
      /** When it is written in another language than the site's. */
      other: points.default(weights.language.other),
      /** When it is plainly written in another language than its file says. */
      contradicted: points.default(weights.language.contradicted),
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

type Key<T> = Extract<keyof T, string>;

/** Where a weight stands in a profile: its group and its key, and its name in a table such as `valued`. */
export type WeightPath = {
  [G in Key<ScoringProfile>]: ScoringProfile[G] extends object
    ? readonly [G, Key<ScoringProfile[G]>] | readonly [G, Key<ScoringProfile[G]>, string]
    : never;
}[Key<ScoringProfile>];

/** The points at a path; 0 where a table has no such name. `constructor` and the like are names as any other. */
export function weightAt(profile: ScoringProfile, path: WeightPath): number {
  let value: unknown = profile;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return 0;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'number' ? value : 0;
}
