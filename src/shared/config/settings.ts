import { z } from 'zod';
import { DEFAULT_BREAKER } from '../fetch/breaker.js';
import { DEFAULT_FETCH_LIMITS, fetchLimitsSchema } from '../fetch/limits.js';
import { defaultProfile } from '../scoring/default-profile.js';
import { scoringProfileSchema } from '../scoring/profile.js';

const HOST = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(:\d{1,5})?$/i;
const STORE = /^s3:\/\/[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](\/(?!\.{1,2}(\/|$))[\w!.*'()-]+)*\/?$/;
export const DEFAULT_INBOX = './inbox';
const extension = z.string().regex(/^\.[a-z0-9]+$/i, 'an extension with its dot, such as .html');

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const limit = fetchLimitsSchema.shape;
const DAY_MS = 24 * 3600 * 1000;
const MINUTE_MS = 60_000;

/** How pictures are fetched. Times in milliseconds. */
const picturesSchema = z.strictObject({
  maxBytes: limit.maxBytes.default(DEFAULT_FETCH_LIMITS.maxBytes),
  connectMs: limit.connectMs.default(DEFAULT_FETCH_LIMITS.connectMs),
  headersMs: limit.headersMs.default(DEFAULT_FETCH_LIMITS.headersMs),
  bodyMs: limit.bodyMs.default(DEFAULT_FETCH_LIMITS.bodyMs),
  /** Of one fetch, and of all that an article waits for a picture, the wait for a busy host included. */
  totalMs: limit.totalMs.default(DEFAULT_FETCH_LIMITS.totalMs),
  maxRedirects: limit.maxRedirects.default(DEFAULT_FETCH_LIMITS.maxRedirects),
  /** Connections of this process to one host (name and port) at once. */
  connectionsPerHost: limit.connectionsPerHost.default(DEFAULT_FETCH_LIMITS.connectionsPerHost),
  /** Requests of this process to one host begun in a second; no limit where it is not set. */
  ratePerHost: z.number().min(0.01).max(10_000).optional(),
  /** When a host that fails again and again is left alone, and for how long at first and at most. */
  breaker: z
    .strictObject({
      failures: z.int().min(1).max(1000).default(DEFAULT_BREAKER.failures),
      restMs: z.int().min(1).max(DAY_MS).default(DEFAULT_BREAKER.restMs),
      maxRestMs: z.int().min(1).max(DAY_MS).default(DEFAULT_BREAKER.maxRestMs),
    })
    .prefault({}),
  /** Page or mail address for whoever is fetched from, in the `User-Agent`. */
  contact: z
    .string()
    .regex(/^[\x21-\x27\x2a-\x7e]{1,200}$/, 'an address of the web or mail, without spaces and parentheses')
    .optional(),
  /** When pictures that could not be reached are fetched again, counted from one try to the next; empty for never. */
  retryDelaysMs: z
    .array(z.int().min(1).max(DAY_MS))
    .max(50)
    .default([MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 120 * MINUTE_MS, 360 * MINUTE_MS, DAY_MS]),
});

/**
 * Everything that can be set, under the names that the config file uses. Sizes are in bytes, times in the unit of their
 * name. An unknown key is an error.
 */
export const settingsSchema = z.strictObject({
  inbox: z.array(z.string().min(1)).min(1).default([DEFAULT_INBOX]),
  out: z.string().min(1).optional(),
  sinks: z.array(z.string().min(1)).default([]),
  state: z.string().min(1).default('./.galley'),
  namespace: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'a lower-case letter, then up to 39 lower-case letters, digits, - or _')
    .default('galley'),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(3080),
  dashboard: z.boolean().default(true),
  token: z.string().min(16, 'at least 16 characters').optional(),
  allowHosts: z.array(z.string().regex(HOST, 'HOST or HOST:PORT')).default([]),
  poll: z.boolean().default(false),
  processes: z.int().min(1).max(64).default(1),
  images: z.boolean().default(true),
  thumbnails: z.int().min(16).max(4096).optional(),
  store: z.string().regex(STORE, 's3://BUCKET or s3://BUCKET/PREFIX').optional(),
  storeEndpoint: z.string().min(1).optional(),
  storeRegion: z.string().min(1).optional(),
  acceptRemovals: z.boolean().default(false),
  wait: z.number().min(0).max(86_400).default(60),
  extensions: z.array(extension).default(['.md', '.markdown']),
  timeZone: z.string().refine(isTimeZone, 'a time zone of the IANA list, such as Europe/Rome').optional(),
  maxFileBytes: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024),
  concurrency: z.int().min(1).max(256).default(8),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  redisUrl: z.string().min(1).optional(),
  databaseUrl: z.string().min(1).optional(),
  pictures: picturesSchema.prefault({}),
  scoring: scoringProfileSchema.default(defaultProfile),
  log: z
    .strictObject({
      keepDelivered: z.int().min(0).default(10_000),
      maxEvents: z.int().min(1).default(1_000_000),
      maxAgeDays: z.number().min(0.01).default(7),
    })
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingsKey = keyof Settings;
