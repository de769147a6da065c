import { readFileSync } from 'node:fs';
import { UsageError } from '../errors/errors.js';
import { scoringProfileSchema, type ScoringProfile } from '../scoring/profile.js';
import { explainIssue } from './explain.js';

/**
 * The scoring profile in a JSON file, which may say some of the weights; the others have their defaults.
 * @throws UsageError of one line that names file and key, what is wrong and the nearest right one.
 */
export function loadProfile(path: string): ScoringProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The profile ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path}: not JSON: ${(error as Error).message}.`, { cause: error });
  }
  const result = scoringProfileSchema.safeParse(data);
  if (result.success) return result.data;
  throw new UsageError(
    explainIssue(result.error, scoringProfileSchema, (keys) => [path, keys].filter(Boolean).join(': ')),
  );
}
