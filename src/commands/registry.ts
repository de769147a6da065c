import { calibrate } from './calibrate.js';
import { check } from './check.js';
import type { CommandSpec } from './command.js';
import { doctor } from './doctor.js';
import { ingest } from './ingest.js';
import { inspect } from './inspect.js';
import { pictures } from './pictures.js';
import { rejected } from './rejected.js';
import { reset } from './reset.js';
import { dashboard, run, watch, work } from './run.js';
import { schema } from './schema.js';
import { score } from './score.js';
import { status } from './status.js';
import { tail } from './tail.js';

/** Every command, in the order of `galley --help`. */
export const COMMANDS: readonly CommandSpec[] = [
  run,
  ingest,
  watch,
  work,
  dashboard,
  check,
  status,
  rejected,
  inspect,
  tail,
  score,
  calibrate,
  pictures,
  reset,
  schema,
  doctor,
];
