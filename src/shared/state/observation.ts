import { z } from 'zod';
import { problemSchema } from '../article/problem.js';

/** What `lstat` said of a file, in the units it is compared in. Nanoseconds as decimal strings: they exceed 2^53. */
export const fileStatSchema = z.object({
  bytes: z.number().int().nonnegative(),
  mtimeNs: z.string().regex(/^-?\d+$/),
  ctimeNs: z.string().regex(/^-?\d+$/),
  inode: z.string().regex(/^\d+$/),
  /** False when the file was modified less than 2 s before it was read: the same stat may then hide a later write. */
  settled: z.boolean(),
});
export type FileStat = z.infer<typeof fileStatSchema>;

/** A source and the number of one observation of it: `<root name>/<path under it>`, and a count that only rises. */
export const sightingSchema = z.object({ key: z.string(), number: z.number().int().positive() });

/**
 * One reading of a source. Either `text` (clean UTF-8, up to 32 KiB), `blob: true` (larger text, kept in the state
 * store under the fingerprint) or `problem` (what cannot travel as text at all).
 */
export const presentSchema = z.object({
  kind: z.literal('present'),
  key: z.string(),
  number: z.number().int().positive(),
  /** Path under the root, `/` between the parts. */
  path: z.string(),
  stat: fileStatSchema,
  /** SHA-256 of the bytes, hex. For a file that could not be read, of its problem and stat. */
  fingerprint: z.string(),
  text: z.string().optional(),
  blob: z.literal(true).optional(),
  problem: problemSchema.optional(),
  /** Set when this is a rename: the source that is gone. */
  movedFrom: sightingSchema.extend({ path: z.string() }).optional(),
  /** Set when the reader saw the committed fingerprint again: the commit need only note the new stat. */
  sameAsCommitted: z.literal(true).optional(),
});
export type Present = z.infer<typeof presentSchema>;

/** A source that is no longer there. */
export const goneSchema = z.object({
  kind: z.literal('gone'),
  key: z.string(),
  number: z.number().int().positive(),
  path: z.string(),
});
export type Gone = z.infer<typeof goneSchema>;

export const observationSchema = z.discriminatedUnion('kind', [presentSchema, goneSchema]);
export type Observation = z.infer<typeof observationSchema>;

/** An observation before it has its number. */
export type Sighting = Omit<Present, 'number' | 'movedFrom' | 'blob'> & {
  movedFrom?: { key: string; path: string };
};
