import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { EmbeddedServerError } from '../../../shared/errors/errors.js';
import { connectionSchema, type Connection } from './connection.js';
import {
  compareMachines,
  isAlive,
  machineSchema,
  processIdentitySchema,
  thisMachine,
  thisProcess,
} from './liveness.js';
import { removeSocketFolder } from './socket-folder.js';

/** Who owns a state folder, as `owner.json` in it tells. */
const ownerSchema = z.object({
  /** Made anew for each owner, so that a file read a moment ago is known again. */
  token: z.string(),
  process: processIdentitySchema,
  machine: machineSchema,
  /** The command: `run`, `ingest`, `status`. */
  role: z.string(),
  /** A command that soon ends: others wait for it instead of refusing. */
  shortLived: z.boolean(),
  /** The private folder of the server's socket, to be removed when this owner has died. */
  socketFolder: z.string(),
  /** Null until the server takes connections. */
  connection: connectionSchema.nullable(),
});
export type OwnerRecord = z.infer<typeof ownerSchema>;

/** What the holder of a state folder may do with its claim. */
export interface Ownership {
  readonly record: OwnerRecord;
  /** Tells others how to reach the server. */
  publish(connection: Connection): Promise<void>;
  /** Gives the folder up. Does nothing the second time, or if somebody else has it by now. */
  release(): Promise<void>;
}

export type Claim =
  | {
      readonly kind: 'claimed';
      readonly ownership: Ownership;
      readonly tookOver: boolean;
    }
  | { readonly kind: 'owned'; readonly by: OwnerRecord };

/** How often a living owner touches its file: the only sign of life that another machine or container can see. */
const HEARTBEAT_MS = 2_000;
/** An owner elsewhere that did not touch its file for this long while it was watched is taken for dead. */
const ELSEWHERE_DEAD_MS = 3 * HEARTBEAT_MS;
/** A file that holds no whole record for this long was cut by a crash; one just made may not be written yet. */
const UNREADABLE_DEAD_MS = 1_000;
/** Longer than any takeover takes; then a claim left by a crash is dropped. */
const TAKEOVER_DEAD_MS = 5_000;
const CLAIM_DEADLINE_MS = 20_000;
const RETRY_MS = 20;

const ownerFile = (stateDir: string) => path.join(stateDir, 'owner.json');

/** The owner of the folder if it lives, else null. */
export async function livingOwner(stateDir: string): Promise<OwnerRecord | null> {
  const file = ownerFile(stateDir);
  const found = await readOwner(file);
  return found !== null && found !== 'unreadable' && (await ownerLives(file, found)) ? found : null;
}

/**
 * Makes this process the owner of the state folder, in place of one that died, or answers who owns it.
 * Of several processes that claim at once exactly one gets it.
 *
 * @param socketFolder where our server's socket will be; not made yet.
 * @throws EmbeddedServerError when the folder cannot be written to.
 */
export async function claimOwnership(
  stateDir: string,
  role: string,
  shortLived: boolean,
  socketFolder: string,
): Promise<Claim> {
  const file = ownerFile(stateDir);
  const record: OwnerRecord = {
    token: randomUUID(),
    process: await thisProcess(),
    machine: thisMachine(),
    role,
    shortLived,
    socketFolder,
    connection: null,
  };
  const deadline = Date.now() + CLAIM_DEADLINE_MS;
  for (;;) {
    if (await createFile(file, record)) return claimed(file, record, false);
    const current = await readOwner(file);
    if (current !== null && current !== 'unreadable' && (await ownerLives(file, current))) {
      return { kind: 'owned', by: current };
    }
    if (current !== null && (await takeOver(file, record, current))) return claimed(file, record, true);
    if (Date.now() > deadline) {
      throw new EmbeddedServerError(
        `The state folder ${stateDir} could not be claimed: others keep changing ${file}.`,
      );
    }
    await pause(RETRY_MS);
  }
}

/** Null when there is no file; `unreadable` when it holds no whole record. */
async function readOwner(file: string): Promise<OwnerRecord | 'unreadable' | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw folderError(file, error);
  }
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

async function ownerLives(file: string, owner: OwnerRecord): Promise<boolean> {
  const where = compareMachines(thisMachine(), owner.machine);
  switch (where) {
    case 'same':
      return isAlive(owner.process);
    case 'before-reboot':
      return false;
    case 'elsewhere':
      return touchedWhileWatched(file);
    default:
      return where satisfies never;
  }
}

/** Compares times of the file with each other only: clocks of two machines differ. */
async function touchedWhileWatched(file: string): Promise<boolean> {
  const first = await modifiedAt(file);
  const deadline = Date.now() + ELSEWHERE_DEAD_MS;
  while (Date.now() < deadline) {
    await pause(HEARTBEAT_MS / 10);
    const now = await modifiedAt(file);
    if (now === null) return false;
    if (now !== first) return true;
  }
  return false;
}

/**
 * Puts our record in place of a dead owner's. Two who saw the same dead owner must not both succeed, so who replaces
 * it first makes a file named for that owner's token, and then looks again whether it is still there.
 */
async function takeOver(
  file: string,
  record: OwnerRecord,
  dead: OwnerRecord | 'unreadable',
): Promise<boolean> {
  if (dead === 'unreadable' && !(await isOlderThan(file, UNREADABLE_DEAD_MS))) return false;
  const token = dead === 'unreadable' ? 'unreadable' : dead.token;
  const claim = `${file}.${token}.takeover`;
  if (!(await createFile(claim, record))) {
    if (await isOlderThan(claim, TAKEOVER_DEAD_MS)) await rm(claim, { force: true });
    return false;
  }
  try {
    const again = await readOwner(file);
    const same = again === 'unreadable' || again === null ? again === dead : again.token === token;
    if (!same) return false;
    // While the record still names it: should we die in between, the next one finds it too.
    if (dead !== 'unreadable') await removeSocketFolder(dead.socketFolder);
    await replaceFile(file, record);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

function claimed(file: string, record: OwnerRecord, tookOver: boolean): Claim {
  return { kind: 'claimed', ownership: holdOwnership(file, record), tookOver };
}

function holdOwnership(file: string, first: OwnerRecord): Ownership {
  let record = first;
  let released = false;
  const heartbeat = setInterval(() => {
    const now = new Date();
    // The folder may have been removed by hand; the server's own checks tell of that.
    utimes(file, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const isOurs = async () => {
    const current = await readOwner(file);
    return current !== null && current !== 'unreadable' && current.token === record.token;
  };
  return {
    get record() {
      return record;
    },
    async publish(connection) {
      record = { ...record, connection };
      if (await isOurs()) await replaceFile(file, record);
    },
    async release() {
      if (released) return;
      released = true;
      clearInterval(heartbeat);
      if (await isOurs()) await rm(file, { force: true });
    },
  };
}

/** False when the file is there already. */
async function createFile(file: string, record: OwnerRecord): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', modeOf(record.connection));
    try {
      await handle.writeFile(JSON.stringify(record));
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw folderError(file, error);
  }
}

async function replaceFile(file: string, record: OwnerRecord): Promise<void> {
  const beside = `${file}.${record.token}.tmp`;
  try {
    await writeFile(beside, JSON.stringify(record), { mode: modeOf(record.connection) });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw folderError(file, error);
  }
}

/** Others may read who owns the folder, but not a password. */
function modeOf(connection: Connection | null): number {
  return connection?.password === undefined ? 0o644 : 0o600;
}

async function isOlderThan(file: string, ms: number): Promise<boolean> {
  const modified = await modifiedAt(file);
  return modified !== null && Date.now() - modified > ms;
}

async function modifiedAt(file: string): Promise<number | null> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function folderError(file: string, cause: unknown): EmbeddedServerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EmbeddedServerError(
    `The state folder ${path.dirname(file)} cannot be claimed (${why}); give this user the right to write there, or name another folder with --state.`,
    { cause },
  );
}
