import { z } from 'zod';

/** `YYYY-MM-DDTHH:mm:ss.sssZ` or without the milliseconds when they are zero: always UTC. */
const moment = z.iso.datetime();
const webAddress = z.string();

export const providerSchema = z.looseObject({
  name: z.string(),
  domain: z.string().optional(),
  images: z
    .array(z.looseObject({ url: z.string(), width: z.number().optional(), height: z.number().optional() }))
    .optional(),
  authors: z.array(z.looseObject({ name: z.string() })).optional(),
});

export const IMAGE_REASONS_NOT_REACHED = [
  'dns',
  'connect',
  'timeout',
  'tls',
  'refused-address',
  'status-429',
  'status-5xx',
  'resting',
  'off',
] as const;

export const IMAGE_REASONS_BAD = [
  'bad-url',
  'status-4xx',
  'redirects',
  'too-large',
  'not-an-image',
  'unsupported',
  'truncated',
  'corrupt',
  'blank',
  'too-many-pixels',
] as const;

/** Why a picture is not verified: a closed list; each says in `docs/errors.md` whether it is tried again. */
export const imageReasonSchema = z.enum([...IMAGE_REASONS_NOT_REACHED, ...IMAGE_REASONS_BAD]);
export type ImageReason = z.infer<typeof imageReasonSchema>;

/** A picture as its file declares it. */
export const declaredImageSchema = z.looseObject({
  url: z.string(),
  width: z.number().optional(),
  height: z.number().optional(),
  title: z.string().optional(),
  isCached: z.boolean().optional(),
});
export type DeclaredImage = z.infer<typeof declaredImageSchema>;

/** A picture of a record: as declared, corrected by what was measured. Sizes in pixels and bytes. */
export const recordImageSchema = z.looseObject({
  url: z.string(),
  width: z.number().optional(),
  height: z.number().optional(),
  title: z.string().optional(),
  isCached: z.boolean(),
  status: z.enum(['verified', 'failed', 'skipped']),
  declared: z.object({ width: z.number().optional(), height: z.number().optional() }).optional(),
  contentType: z.string().optional(),
  bytes: z.number().int().nonnegative().optional(),
  sha256: z.string().optional(),
  file: z.string().optional(),
  /** Under the image store, as `file` is; only where thumbnails were asked for. */
  thumbnail: z.string().optional(),
  color: z.string().optional(),
  frames: z.number().int().positive().optional(),
  placeholder: z.string().optional(),
  reason: imageReasonSchema.optional(),
});
export type RecordImage = z.infer<typeof recordImageSchema>;

/** An entry of `related`, in the seed's shape. */
export const relatedEntrySchema = z.looseObject({
  title: z.string(),
  excerpt: z.string().optional(),
  publishedDateTime: moment.optional(),
  originalUrl: webAddress.optional(),
  webUrl: webAddress.optional(),
  type: z.string().optional(),
  provider: providerSchema.optional(),
  quality: z.number().optional(),
  images: z.array(declaredImageSchema).optional(),
});
export type RelatedEntry = z.infer<typeof relatedEntrySchema>;

/** One line of a score: what was looked at, what it gave, and why in a sentence. */
export const scoreLineSchema = z.object({ signal: z.string(), points: z.number().int(), why: z.string() });
export type ScoreLine = z.infer<typeof scoreLineSchema>;

/** The scores that a file came with: another system's, kept and not used. */
const declaredScoresSchema = z.object({
  quality: z.number().optional(),
  heat: z.number().optional(),
  published: z.boolean().optional(),
});

export const scoresSchema = z.object({
  profile: z.string(),
  quality: z.array(scoreLineSchema),
  heat: z.array(scoreLineSchema),
  declared: declaredScoresSchema.optional(),
});
export type Scores = z.infer<typeof scoresSchema>;

export const sourceSchema = z.object({
  /** Path under its root, `/` between the parts. */
  path: z.string(),
  modifiedAt: moment,
  bytes: z.number().int().nonnegative(),
});

export const bodySchema = z.object({
  format: z.enum(['markdown', 'html']),
  text: z.string(),
  words: z.number().int().nonnegative(),
});

/** What a file says of itself and a record repeats. The keys stand in the order in which records are written. */
const said = {
  category: z.string().optional(),
  title: z.string(),
  excerpt: z.string().optional(),
  publishedDateTime: moment.optional(),
  type: z.string(),
  locale: z.string().optional(),
  language: z.string().optional(),
  originalUrl: webAddress.optional(),
  webUrl: webAddress.optional(),
  canonicalUrl: webAddress.optional(),
  ampWebUrl: webAddress.optional(),
  cdnAmpWebUrl: webAddress.optional(),
  provider: providerSchema,
  topics: z.array(z.string()),
  body: bodySchema.optional(),
};

/** What a file says, validated and normalised, before pictures are fetched and scores given. */
export const articleSchema = z.object({
  ...said,
  images: z.array(declaredImageSchema),
  related: z.array(relatedEntrySchema),
  declaredScores: declaredScoresSchema.optional(),
  secured: z.string().optional(),
  extra: z.record(z.string(), z.unknown()),
});
export type Article = z.infer<typeof articleSchema>;

/** The record: what Galley hands out for an article. */
export const recordSchema = z.object({
  id: z.string(),
  version: z.number().int().positive(),
  contentHash: z.string(),
  slug: z.string(),
  source: sourceSchema,
  ...said,
  images: z.array(recordImageSchema),
  related: z.array(relatedEntrySchema),
  duplicateOf: z.string().optional(),
  quality: z.number().int(),
  heat: z.number().int(),
  published: z.boolean(),
  scores: scoresSchema,
  secured: z.string().optional(),
  extra: z.record(z.string(), z.unknown()),
  ingestedAt: moment,
});
export type Record = z.infer<typeof recordSchema>;

/** The part of a record that the pipeline computes; identity, version, slug and time come from the commit. */
export type RecordBody = Omit<Record, 'id' | 'version' | 'contentHash' | 'slug' | 'ingestedAt'>;
