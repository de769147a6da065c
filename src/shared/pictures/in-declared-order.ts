import { recordImageSchema, type DeclaredImage, type RecordImage } from '../record/schema.js';

const KEYS = Object.keys(recordImageSchema.shape);

/**
 * The same picture with its keys in schema order and behind them what else its file declares, in the file's order:
 * Postgres keeps no key order in what a job returns.
 */
export function inDeclaredOrder(declared: DeclaredImage, image: RecordImage): RecordImage {
  const known = KEYS.filter((key) => image[key] !== undefined).map((key) => [key, image[key]] as const);
  const others = Object.entries(declared).filter(([key]) => !KEYS.includes(key));
  return recordImageSchema.parse(Object.fromEntries([...known, ...others]));
}
