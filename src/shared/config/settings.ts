import { z } from 'zod';
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
