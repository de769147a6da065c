import { z } from 'zod';
import { recordSchema, relatedEntrySchema, scoresSchema } from '../record/schema.js';
import { problemSchema } from '../article/problem.js';

export const EVENT_KINDS = [
  'created',
  'updated',
  'removed',
  'moved',
  'rescored',
  'related',
  'rejected',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** `galley.article.created` and its kin. */
export function eventType(kind: EventKind): `galley.article.${EventKind}` {
  return `galley.article.${kind}`;
}

export const removedDataSchema = z.object({ id: z.string(), version: z.number().int().positive() });
export const movedDataSchema = removedDataSchema.extend({ from: z.string(), to: z.string() });
export const rescoredDataSchema = removedDataSchema.extend({
  quality: z.number().int(),
  heat: z.number().int(),
  published: z.boolean(),
  scores: scoresSchema,
});
export const relatedDataSchema = removedDataSchema.extend({
  related: z.array(relatedEntrySchema),
  duplicateOf: z.string().optional(),
  published: z.boolean(),
});
export const rejectedDataSchema = z.object({
  path: z.string(),
  fingerprint: z.string(),
  problems: z.array(problemSchema),
});

const envelope = {
  specversion: z.literal('1.0'),
  /** Deterministic, so that a consumer that keeps ids sees each event once. */
  id: z.string(),
  source: z.string(),
  subject: z.string(),
  /** The store's clock at commit. */
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string(),
  /** `<log id>.<number>`: order of commit. */
  sequence: z.string(),
};

function of<const K extends EventKind, S extends z.ZodType>(kind: K, data: S) {
  return z.object({ ...envelope, type: z.literal(`galley.article.${kind}` as const), data });
}

export const eventSchema = z.discriminatedUnion('type', [
  of('created', recordSchema),
  of('updated', recordSchema),
  of('removed', removedDataSchema),
  of('moved', movedDataSchema),
  of('rescored', rescoredDataSchema),
  of('related', relatedDataSchema),
  of('rejected', rejectedDataSchema),
]);
export type GalleyEvent = z.infer<typeof eventSchema>;
