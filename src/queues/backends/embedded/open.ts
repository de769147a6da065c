import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedServerError, StateFolderOwnedError } from '../../../shared/errors/errors.js';
import { findBinaries, type Binaries } from './binaries.js';
import { clusterFolders, ensureCluster, type ClusterFolders } from './cluster.js';
import { connectOnce, type Connection } from './connection.js';
import { claimOwnership, livingOwner, type Claim, type OwnerRecord, type Ownership } from './owner.js';
import { freePort, startServer, type RunningServer } from './server.js';
import type { ServerLog } from './server-log.js';
import { chooseLaunch, serverUser, type ServerUser } from './server-user.js';
import type { Listen } from './settings.js';
import { makeSocketFolder, newSocketFolder, removeSocketFolder } from './socket-folder.js';

export interface EmbeddedOptions {
  /** The state folder; made when missing. The server's part is `postgres/` and `owner.json` in it. */
  readonly stateDir: string;
  /** The command's name, `run`: told to whoever finds the folder owned. */
  readonly role: string;
  readonly log: ServerLog;
  /** Called once if the server ends without being asked to: what is needed then is an end of this process. */
  readonly onLost?: (error: EmbeddedServerError) => void;
}

/** A server that this process may use. */
export interface EmbeddedServer {
  readonly connection: Connection;
  /** True when the data folder was made now: there is no state yet. */
  readonly firstStart: boolean;
  /** True when the last owner died without giving the folder up: its jobs are to be taken over. */
  readonly tookOver: boolean;
  /** Ends the server and gives the folder up; nothing for a server of another process. Safe to call twice. */
  stop(): Promise<void>;
}

/** What is taken when a short-lived command owns the folder, before it is said to be owned. */
const SHORT_LIVED_WAIT_MS = 5_000;
/** Joining waits this long for a short-lived owner to end, before it uses that one's server after all. */
const JOIN_SHORT_LIVED_WAIT_MS = 2_000;
/** For an owner that is just starting its server, recovery included. */
const JOIN_DEADLINE_MS = 60_000;
/** For one that is just ending: 3 s. After that its server is out of reach, in another container maybe. */
const JOIN_ATTEMPTS = 100;
const POLL_MS = 30;

/**
 * Becomes the owner of the state folder and starts its PostgreSQL. Until `stop` the server belongs to this process:
 * it ends within half a second when this process is killed.
 *
 * @param options `waitForShortLivedMs`: how long a `status` or the like that owns the folder is waited for; 5 s.
 * @throws StateFolderOwnedError when another process owns the folder.
 * @throws StateVersionError when its data is of another PostgreSQL or a newer Galley.
 * @throws EmbeddedServerError when the server cannot be found, started or reached; the message says what helps.
 */
export async function openEmbedded(
  options: EmbeddedOptions & { readonly waitForShortLivedMs?: number },
): Promise<EmbeddedServer> {
  const stateDir = await makeStateDir(options.stateDir);
  const binaries = await findBinaries();
  const deadline = Date.now() + (options.waitForShortLivedMs ?? SHORT_LIVED_WAIT_MS);
  for (;;) {
    const claim = await claimOwnership(stateDir, options.role, false, newSocketFolder());
    if (claim.kind === 'claimed') return openOwned(stateDir, binaries, claim, options);
    if (!claim.by.shortLived || Date.now() > deadline) {
      throw new StateFolderOwnedError(stateDir, claim.by.process.pid, claim.by.role);
    }
    await pause(POLL_MS);
  }
}

/**
 * Uses the server of the running owner, or becomes a short-lived owner where there is none.
 *
 * @throws StateVersionError, EmbeddedServerError as `openEmbedded` does, and EmbeddedServerError when an owner lives
 * but its server cannot be reached.
 */
export async function joinEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const stateDir = await makeStateDir(options.stateDir);
  const start = Date.now();
  let trouble = 'its server is not ready';
  let troubles = 0;
  while (Date.now() - start < JOIN_DEADLINE_MS && troubles < JOIN_ATTEMPTS) {
    const owner = await livingOwner(stateDir);
    if (owner === null) {
      const binaries = await findBinaries();
      const claim = await claimOwnership(stateDir, options.role, true, newSocketFolder());
      if (claim.kind === 'claimed') return openOwned(stateDir, binaries, claim, options);
    } else if (owner.connection !== null && mayJoin(owner, Date.now() - start)) {
      const error = await connectOnce(owner.connection);
      if (error === null) return joined(owner.connection);
      trouble = error.message;
      troubles += isForbidden(error) ? JOIN_ATTEMPTS : 1;
    }
    await pause(POLL_MS);
  }
  throw await unreachable(stateDir, trouble);
}

/** A short-lived owner stops its server when its own work is done, so it is better waited for than joined. */
function mayJoin(owner: OwnerRecord, waitedMs: number): boolean {
  return !owner.shortLived || waitedMs > JOIN_SHORT_LIVED_WAIT_MS;
}

function joined(connection: Connection): EmbeddedServer {
  return { connection, firstStart: false, tookOver: false, stop: () => Promise.resolve() };
}

function isForbidden(error: Error): boolean {
  return 'code' in error && error.code === 'EACCES';
}

async function unreachable(stateDir: string, trouble: string): Promise<EmbeddedServerError> {
  const owner = await livingOwner(stateDir);
  const who = owner === null ? 'another process' : `'galley ${owner.role}' (process ${owner.process.pid})`;
  return new EmbeddedServerError(
    `The state folder ${stateDir} is in use by ${who}, whose server cannot be reached (${trouble}). Run this command as the same user, or after that one has ended.`,
  );
}

async function makeStateDir(stateDir: string): Promise<string> {
  const absolute = path.resolve(stateDir);
  try {
    await mkdir(absolute, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedServerError(
      `The state folder ${absolute} cannot be made (${why}); name another one with --state.`,
      { cause },
    );
  }
  return absolute;
}

/** Starts the server for the owner that we now are; gives the folder up again if that fails. */
async function openOwned(
  stateDir: string,
  binaries: Binaries,
  { ownership, tookOver }: Extract<Claim, { kind: 'claimed' }>,
  options: EmbeddedOptions,
): Promise<EmbeddedServer> {
  const closers: (() => Promise<void>)[] = [() => ownership.release()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folders = clusterFolders(stateDir);
    const user = await serverUser(folders.data);
    const { socketFolder } = ownership.record;
    closers.push(() => removeSocketFolder(socketFolder));
    await makeSocketFolder(socketFolder, user);
    const { server, firstStart } = await startOwned(folders, binaries, user, ownership, options);
    closers.push(() => server.stop());
    await ownership.publish(server.connection);
    return ownedServer(server, firstStart, tookOver, close, options);
  } catch (error) {
    await close();
    throw error;
  }
}

async function startOwned(
  folders: ClusterFolders,
  binaries: Binaries,
  user: ServerUser | null,
  ownership: Ownership,
  { log }: EmbeddedOptions,
): Promise<{ server: RunningServer; firstStart: boolean }> {
  const { socketFolder, process: owning, role } = ownership.record;
  const secret = process.platform === 'win32' ? await loopbackPassword(folders) : null;
  const passwordFile = secret?.file ?? null;
  const firstStart = await ensureCluster({ folders, binaries, user, socketFolder, passwordFile, log });
  const launch = await chooseLaunch(user, binaries, folders.data, socketFolder);
  const listen: Listen =
    secret === null
      ? { kind: 'socket', folder: socketFolder }
      : { kind: 'loopback', port: await freePort(), password: secret.password };
  const owner = { process: owning, role };
  const server = await startServer({ folders, binaries, launch, listen, owner, log });
  return { server, firstStart };
}

/** Made with the data folder and kept beside it: the server asks for it on every connection over loopback. */
async function loopbackPassword(folders: ClusterFolders): Promise<{ file: string; password: string }> {
  const file = path.join(folders.root, 'password');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept !== '') return { file, password: kept };
  const password = randomBytes(24).toString('base64url');
  await mkdir(folders.root, { recursive: true });
  await writeFile(file, password, { mode: 0o600 });
  return { file, password };
}

function ownedServer(
  server: RunningServer,
  firstStart: boolean,
  tookOver: boolean,
  close: () => Promise<void>,
  { onLost, log }: EmbeddedOptions,
): EmbeddedServer {
  let stopping: Promise<void> | null = null;
  void server.ended.then((lines) => {
    if (stopping !== null) return;
    const error = new EmbeddedServerError(
      `The embedded PostgreSQL ended while it was in use; start again, and it recovers. Its last lines:\n${lines}`,
    );
    if (onLost === undefined) log.warn({ err: error }, error.message);
    else onLost(error);
  });
  return {
    connection: server.connection,
    firstStart,
    tookOver,
    stop: () => (stopping ??= close()),
  };
}
