import { z } from 'zod';

/**
 * Caps on one fetch, each with the attack that it answers. Times in milliseconds, sizes in bytes.
 *
 * They are totals, not gaps between two packets: a host that sends one byte now and then ends at the same moment
 * as one that sends nothing.
 */
export const DEFAULT_FETCH_LIMITS = Object.freeze({
  /** A host that swallows packets: no answer to the connection, TLS included. Covers the look-up of its name. */
  connectMs: 5_000,
  /** A host that takes the request and says nothing, or drips its headers. From the request to the last header. */
  headersMs: 10_000,
  /** A drip feed: a body that never ends. From the last header to the last byte. */
  bodyMs: 30_000,
  /** All of these one after the other, over several redirects: no article waits longer for a picture. */
  totalMs: 40_000,
  /** An endless or huge body, and a small one that unpacks to a huge one. Counted as it comes and again unpacked. */
  maxBytes: 15 * 1024 * 1024,
  /** Redirect loops, and chains that walk round the caps. */
  maxRedirects: 5,
  /** Headers without end; they are held in memory until the last. */
  maxHeaderBytes: 32 * 1024,
  /** Many fetches of one host at once, a flood that our users' articles aim at it: never more connections than this. */
  connectionsPerHost: 6,
});

export const fetchLimitsSchema = z.strictObject({
  connectMs: z.number().int().min(1).max(600_000),
  headersMs: z.number().int().min(1).max(600_000),
  bodyMs: z.number().int().min(1).max(600_000),
  totalMs: z.number().int().min(1).max(600_000),
  maxBytes: z
    .number()
    .int()
    .min(1)
    .max(1024 * 1024 * 1024),
  maxRedirects: z.number().int().min(0).max(20),
  maxHeaderBytes: z
    .number()
    .int()
    .min(1024)
    .max(1024 * 1024),
  connectionsPerHost: z.number().int().min(1).max(256),
});
export type FetchLimits = Readonly<z.infer<typeof fetchLimitsSchema>>;

/** Only http's and https' own: a fetch must not become a way to talk to mail, databases or admin ports. */
export const DEFAULT_PORTS: readonly number[] = [80, 443];
