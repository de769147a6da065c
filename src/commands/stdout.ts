import { sinksOf } from '../pipeline.js';
import type { Settings } from '../shared/config/settings.js';
import { UsageError } from '../shared/errors/errors.js';

/** @throws UsageError when a sink and `--json` both want standard output */
export function checkStdout(settings: Settings, json: boolean): void {
  if (!json || !sinksOf(settings).some(({ ownsStdout }) => ownsStdout)) return;
  throw new UsageError('--json and the sink stdout: both want standard output; take one of them away.');
}
