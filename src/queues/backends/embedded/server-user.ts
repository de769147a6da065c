import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { EmbeddedServerError } from '../../../shared/errors/errors.js';
import type { Binaries } from './binaries.js';

/** The user that PostgreSQL, which refuses to run as root, runs as in place of root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
  /** For messages. */
  readonly name: string;
}

/** How a program of the server is started so that it runs as the right user and reaches its folders. */
export interface Launch {
  /** Words before the program's own. */
  readonly prefix: readonly string[];
  /** User to switch to before anything of ours runs; null where the prefix does it, or nothing needs to. */
  readonly spawnAs: ServerUser | null;
  /** What `-D` names the data folder by; the process is always started in that folder. */
  readonly dataArgument: string;
}

/** Probed with: the program, the data folder, the socket folder. Says by its code which one cannot be reached. */
const PROBE = 'cd -P "$1" || exit 11; cd -P "$2" || exit 12; "$0" --version || exit 13';
const BARRED: Readonly<Record<number, 'data' | 'socket' | 'program'>> = {
  11: 'data',
  12: 'socket',
  13: 'program',
};

/**
 * Null when the server can run as we do. As root: whoever owns the data folder already, so that a state folder of an
 * ordinary user stays his when root looks into it; else `postgres` or `nobody`.
 *
 * @throws EmbeddedServerError when root finds neither user.
 */
export async function serverUser(dataFolder: string): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(dataFolder).catch(() => null);
  if (owner !== null && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid, name: `user ${owner.uid}` };
  }
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const user = findUser(users, 'postgres') ?? findUser(users, 'nobody');
  if (user !== null) return user;
  throw new EmbeddedServerError(
    "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' to run it as. Start Galley as an ordinary user, or make a user 'postgres'.",
  );
}

/** A user from the text of `/etc/passwd`, or null. Negative ids (macOS) are told as the numbers they stand for. */
export function findUser(passwd: string, name: string): ServerUser | null {
  for (const line of passwd.split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user !== name || uid === undefined || gid === undefined) continue;
    if (/^-?\d+$/.test(uid) && /^-?\d+$/.test(gid)) {
      return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0, name };
    }
  }
  return null;
}

/**
 * Finds a way for that user to reach the data folder, the socket folder and the programs, which may lie below a
 * folder that only root may pass: by itself, with the capability to pass any folder, or by starting inside the data
 * folder. Nobody's permissions are changed. Each way is tried out, since mode bits do not tell the whole truth.
 *
 * @throws EmbeddedServerError when there is no way, naming what could not be reached and what helps.
 */
export async function chooseLaunch(
  user: ServerUser | null,
  binaries: Binaries,
  dataFolder: string,
  socketFolder: string,
): Promise<Launch> {
  if (user === null) return { prefix: [], spawnAs: null, dataArgument: dataFolder };
  let barred: 'data' | 'socket' | 'program' = 'program';
  for (const launch of waysFor(user, dataFolder)) {
    const result = await probe(launch, binaries, dataFolder, socketFolder);
    if (result === 'reached') return launch;
    if (result !== 'unusable') barred = result;
  }
  const folder = { data: dataFolder, socket: socketFolder, program: binaries.postgres }[barred];
  throw new EmbeddedServerError(
    `PostgreSQL refuses to run as root, and as ${user.name} it cannot reach ${folder}: a folder above it lets only root pass. ` +
      `Start Galley as an ordinary user, keep ${barred === 'data' ? 'the state (--state)' : barred === 'socket' ? 'temporary files (TMPDIR)' : 'Galley'} where others may pass, ` +
      'or give this container the capability DAC_READ_SEARCH (and setpriv of util-linux).',
  );
}

function waysFor(user: ServerUser, dataFolder: string): Launch[] {
  const plain: Launch = { prefix: [], spawnAs: user, dataArgument: dataFolder };
  if (process.platform !== 'linux') return [plain];
  const passing = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];
  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  return [
    plain,
    { prefix: ['setpriv', ...ids, ...passing], spawnAs: null, dataArgument: dataFolder },
    { prefix: [], spawnAs: user, dataArgument: '/proc/self/cwd' },
  ];
}

async function probe(
  launch: Launch,
  binaries: Binaries,
  dataFolder: string,
  socketFolder: string,
): Promise<'reached' | 'data' | 'socket' | 'program' | 'unusable'> {
  const words = [...launch.prefix, 'sh', '-c', PROBE, binaries.postgres, launch.dataArgument, socketFolder];
  const ids = launch.spawnAs === null ? {} : { uid: launch.spawnAs.uid, gid: launch.spawnAs.gid };
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn('/bin/sh', ['-c', 'exec "$@"', 'sh', ...words], {
      ...ids,
      cwd: dataFolder,
      stdio: 'ignore',
    });
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  if (code === 0) return 'reached';
  return (code === null ? undefined : BARRED[code]) ?? 'unusable';
}
