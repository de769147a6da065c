import { z } from 'zod';

const link = z.string().describe('An http or https address.');
const sizes = { width: z.number().optional(), height: z.number().optional() };
const moment = z
  .string()
  .describe('ISO 8601, with or without a zone (UTC then); a date alone is midnight. Years 1000 to 9998.');
const image = z.looseObject({
  url: z.string().describe("An address, or a path that is resolved against the article's."),
  ...sizes,
  title: z.string().optional(),
  isCached: z.boolean().optional(),
});
const provider = z.looseObject({
  name: z.string(),
  domain: z.string().optional(),
  images: z.array(z.looseObject({ url: z.string(), ...sizes })).optional(),
  authors: z.array(z.looseObject({ name: z.string() })).optional(),
});

/**
 * What an article file may say in its front matter, for editors and for those who write the files. It describes; what
 * checks a file, with lines and all rules that span several fields, is `parse.ts`.
 */
export const articleFileSchema = z.looseObject({
  category: z.string().optional(),
  title: z.string(),
  excerpt: z.string().optional(),
  publishedDateTime: moment.optional().describe('Required for articles, videos and downloads.'),
  type: z
    .string()
    .default('article')
    .describe('article, video, download, course, collection or another word.'),
  locale: z.string().optional(),
  language: z.string().optional(),
  originalUrl: link.optional(),
  webUrl: link.optional().describe('This or originalUrl is required for articles, videos and downloads.'),
  ampWebUrl: link.optional(),
  cdnAmpWebUrl: link.optional(),
  provider,
  topics: z.array(z.string()),
  images: z.array(image).optional(),
  related: z
    .array(
      z.looseObject({
        title: z.string(),
        excerpt: z.string().optional(),
        publishedDateTime: moment.optional(),
        webUrl: link.optional(),
        type: z.string().optional(),
        provider: provider.optional(),
        quality: z.number().optional(),
        images: z.array(image).optional(),
      }),
    )
    .optional(),
  quality: z.number().optional(),
  heat: z.number().optional(),
  published: z.boolean().optional(),
  secured: z
    .string()
    .optional()
    .describe('Base64 ciphertext, `;`, base64 of a 16-byte IV: carried unchanged.'),
});
