import type { CommandSpec } from './command.js';

/** A command that is not loaded yet: of a short one's time, most would go into loading what only others use. */
export interface CommandEntry {
  readonly name: string;
  readonly load: () => Promise<CommandSpec>;
}

/** Every command, in the order of `galley --help`. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'run', load: async () => (await import('./run.js')).run },
  { name: 'ingest', load: async () => (await import('./ingest.js')).ingest },
  { name: 'watch', load: async () => (await import('./run.js')).watch },
  { name: 'work', load: async () => (await import('./run.js')).work },
  { name: 'dashboard', load: async () => (await import('./run.js')).dashboard },
  { name: 'check', load: async () => (await import('./check.js')).check },
  { name: 'status', load: async () => (await import('./status.js')).status },
  { name: 'rejected', load: async () => (await import('./rejected.js')).rejected },
  { name: 'inspect', load: async () => (await import('./inspect.js')).inspect },
  { name: 'tail', load: async () => (await import('./tail.js')).tail },
  { name: 'score', load: async () => (await import('./score.js')).score },
  { name: 'calibrate', load: async () => (await import('./calibrate.js')).calibrate },
  { name: 'pictures', load: async () => (await import('./pictures.js')).pictures },
  { name: 'reset', load: async () => (await import('./reset.js')).reset },
  { name: 'schema', load: async () => (await import('./schema.js')).schema },
  { name: 'doctor', load: async () => (await import('./doctor.js')).doctor },
];
