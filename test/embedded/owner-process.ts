import { spawn, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { connectionSchema } from '../../src/queues/backends/embedded/connection.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/embedded/owner.mjs', import.meta.url));
/** The build, which `test/build-once.ts` keeps fresh: a plain node process cannot run the sources. */
const BUILT = fileURLToPath(new URL('../../dist/queues/backends/embedded/open.js', import.meta.url));

const startedSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    connection: connectionSchema,
    firstStart: z.boolean(),
    tookOver: z.boolean(),
  }),
  z.object({ ok: z.literal(false), name: z.string(), message: z.string() }),
]);

/** A node process that owns, or joined, a state folder. */
export interface OwnerProcess {
  readonly pid: number;
  /** What it said once its server ran, or why that failed. */
  readonly started: Promise<z.infer<typeof startedSchema>>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** An orderly end; resolves to the exit code. */
  stop(): Promise<number | null>;
}

export function startOwner(
  stateDir: string,
  role: string,
  mode: 'open' | 'join' = 'open',
  options: SpawnOptions = {},
  /** Words to start it through, such as one that takes rights away. */
  through: readonly string[] = [],
): OwnerProcess {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: run 'npm run build' first.`);
  const words = [...through, process.execPath, FIXTURE, pathToFileURL(BUILT).href, stateDir, role, mode];
  const [command = process.execPath, ...rest] = words;
  const child = spawn(command, rest, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout, pid } = child;
  if (stdin === null || stdout === null || pid === undefined) throw new Error('The owner did not start.');
  stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const line = new Promise<string>((resolve, reject) => {
    createInterface({ input: stdout }).once('line', resolve);
    child.once('exit', () => setTimeout(() => reject(new Error('The owner ended without a word.')), 200));
  });
  // A test that kills it before it spoke does not look at this.
  line.catch(() => undefined);
  const started = line.then((text) => startedSchema.parse(JSON.parse(text)));
  started.catch(() => undefined);
  return {
    pid,
    started,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      stdin.write('stop\n');
      return ended;
    },
  };
}
