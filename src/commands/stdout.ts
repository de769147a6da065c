import { sinksOf } from '../pipeline.js';
import type { Settings } from '../shared/config/settings.js';
import { UsageError } from '../shared/errors/errors.js';

/**
 * Whether a sink writes to standard output.
 * @throws UsageError when `--json` wants it, too
 */
export function sinkOnStdout(settings: Settings, json: boolean): boolean {
  const owned = sinksOf(settings).some(({ ownsStdout }) => ownsStdout);
  if (!json || !owned) return owned;
  throw new UsageError('--json and the sink stdout: both want standard output; take one of them away.');
}
