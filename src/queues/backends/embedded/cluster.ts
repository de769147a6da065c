import { chown, lchown, mkdir, mkdtemp, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { EmbeddedServerError, StateVersionError } from '../../../shared/errors/errors.js';
import type { Binaries } from './binaries.js';
import { startBound } from './bound-process.js';
import type { Connection } from './connection.js';
import type { ServerLog } from './server-log.js';
import { chooseLaunch, type Launch, type ServerUser } from './server-user.js';

/** The database that Postgres makes by itself, and our superuser in it. */
export const DATABASE = 'postgres';
export const DATABASE_USER: Connection['user'] = 'galley';

/** Written into a data folder last of all: a folder without it was never served from. */
const MARKER = 'galley-cluster.json';
const MARKER_FORMAT = 1;
const MAKING = 'making-';
const INITDB_DEADLINE_MS = 120_000;

const markerSchema = z.object({ format: z.number().int(), postgres: z.number().int() });

/** Everything that belongs to the server of one state folder. */
export interface ClusterFolders {
  /** `<state>`. */
  readonly state: string;
  /** `<state>/postgres`: all that is chowned or removed lies below it. */
  readonly root: string;
  /** `<state>/postgres/data`. */
  readonly data: string;
}

/** The folders of the server in this state folder. */
export function clusterFolders(stateDir: string): ClusterFolders {
  const state = path.resolve(stateDir);
  const root = path.join(state, 'postgres');
  return { state, root, data: path.join(root, 'data') };
}

export interface ClusterSetup {
  readonly folders: ClusterFolders;
  readonly binaries: Binaries;
  readonly user: ServerUser | null;
  readonly socketFolder: string;
  /** Asked of whoever connects over loopback; null on a private socket, where reaching it is the proof. */
  readonly passwordFile: string | null;
  readonly log: ServerLog;
}

/**
 * Sees to it that there is a whole data folder of our PostgreSQL's major version, owned by the server's user. What an
 * interrupted first start left is removed and made again; what holds data is never touched.
 *
 * @returns true when it was made now.
 * @throws StateVersionError when it was made by another major version or a newer Galley.
 * @throws EmbeddedServerError when it cannot be read or made.
 */
export async function ensureCluster(setup: ClusterSetup): Promise<boolean> {
  const { folders, binaries, user, log } = setup;
  await removeUnfinished(folders.root);
  const marker = await readMarker(folders);
  if (marker !== null) {
    await checkVersion(folders, marker, binaries.major);
    if (user !== null) await giveTo(folders.data, user);
    return false;
  }
  if (await exists(folders.data)) {
    log.warn({ folder: folders.data }, 'a first start was interrupted: making the data folder again');
    await rm(folders.data, { recursive: true, force: true, maxRetries: 5 });
  }
  await makeCluster(setup);
  return true;
}

/** Made beside its place and moved there when whole: an initdb of a dead owner may still be cleaning up its own. */
async function makeCluster(setup: ClusterSetup): Promise<void> {
  const { folders, binaries, user, socketFolder } = setup;
  const making = await mkdtemp(path.join(folders.root, MAKING));
  if (user !== null) await chown(making, user.uid, user.gid);
  const launch = await chooseLaunch(user, binaries, making, socketFolder);
  await runInitdb(setup, launch, making);
  await writeMarker(making, binaries.major, user);
  await rename(making, folders.data);
  await syncFolder(folders.root);
}

async function runInitdb(setup: ClusterSetup, launch: Launch, making: string): Promise<void> {
  const { binaries, log, passwordFile } = setup;
  const process = startBound(
    launch,
    [binaries.initdb, '-D', launch.dataArgument, ...initdbArguments(passwordFile)],
    making,
    (line) => log.debug({ line }, 'initdb'),
  );
  const abort = new AbortController();
  const late = pause(INITDB_DEADLINE_MS, 'late' as const, { signal: abort.signal }).catch(() => null);
  const code = await Promise.race([process.ended, late]);
  abort.abort();
  if (code === 0) return;
  if (code === 'late') await process.stop(0);
  throw new EmbeddedServerError(
    `Making the embedded database in ${making} failed; PostgreSQL's initdb said:\n${process.lines.toString()}`,
  );
}

/**
 * UTF-8 and the C locale whatever the user's own are: text compares the same on every machine. It syncs (0.1 s of a
 * first start), so that a power cut cannot leave a marker on disk beside files that are not.
 */
function initdbArguments(passwordFile: string | null): string[] {
  const access =
    passwordFile === null
      ? ['--auth-local=trust', '--auth-host=reject']
      : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  return [
    `--username=${DATABASE_USER}`,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=libc',
    '--no-instructions',
    ...access,
  ];
}

async function readMarker({ state, data }: ClusterFolders): Promise<z.infer<typeof markerSchema> | null> {
  let text: string;
  try {
    text = await readFile(path.join(data, MARKER), 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new EmbeddedServerError(
      `The data in ${data} cannot be read, most likely because another user made it. Run Galley as that user, or name another folder than ${state} with --state.`,
      { cause },
    );
  }
  const parsed = markerSchema.safeParse(parseJson(text));
  // It is written and synced before the folder gets its name, so it is never found half-written.
  if (parsed.success) return parsed.data;
  throw new EmbeddedServerError(
    `${path.join(data, MARKER)} is damaged, so the data beside it is left alone. Restore it, or name another folder than ${state} with --state.`,
  );
}

async function checkVersion(
  { state, data }: ClusterFolders,
  marker: z.infer<typeof markerSchema>,
  major: number,
): Promise<void> {
  if (marker.format > MARKER_FORMAT) {
    throw new StateVersionError(
      `The state folder ${state} was written by a newer Galley. Use that version, or give this one another folder with --state.`,
    );
  }
  const found = Number.parseInt(
    await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => String(marker.postgres)),
    10,
  );
  if (found === major) return;
  throw new StateVersionError(
    `The state folder ${state} was written by PostgreSQL ${found}, and this Galley brings PostgreSQL ${major}, which cannot read it. ` +
      `Use the Galley that made it, or start afresh with another folder (--state): the articles in the inbox are then taken again.`,
  );
}

async function writeMarker(folder: string, major: number, user: ServerUser | null): Promise<void> {
  const handle = await open(path.join(folder, MARKER), 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify({ format: MARKER_FORMAT, postgres: major }));
    if (user !== null) await handle.chown(user.uid, user.gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(folder);
}

/** Gives a data folder that root copied or restored to the user who must own it. The folder itself comes last. */
async function giveTo(folder: string, user: ServerUser): Promise<void> {
  if ((await stat(folder)).uid === user.uid) return;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) await lchown(path.join(entry.parentPath, entry.name), user.uid, user.gid);
  await chown(folder, user.uid, user.gid);
}

async function removeUnfinished(root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const left = (await readdir(root)).filter((name) => name.startsWith(MAKING));
  for (const name of left) {
    // An initdb that is just ending may still write there; the next start tries again.
    await rm(path.join(root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Makes a rename last through a power cut. Windows cannot, and does not need to. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
