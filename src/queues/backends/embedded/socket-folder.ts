import { chown, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ServerUser } from './server-user.js';

const PREFIX = 'galley-pg-';
/** What Postgres calls its socket, for the port that `SOCKET_PORT` says. */
export const SOCKET_PORT = 5432;
const SOCKET_NAME = `.s.PGSQL.${SOCKET_PORT}`;
/** Room for a path in `sockaddr_un`, without the closing NUL: 108 on Linux, 104 on macOS and the BSDs. */
const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/**
 * Makes a private folder (0700, owned by the server's user) for the server's socket, with a path short enough for one.
 *
 * @returns its path: under the temporary folder, or under /tmp where that is too long.
 */
export async function makeSocketFolder(user: ServerUser | null): Promise<string> {
  const folder = await mkdtemp(path.join(socketParent(os.tmpdir()), PREFIX));
  if (user !== null) await chown(folder, user.uid, user.gid);
  return folder;
}

/** The folder to make socket folders in: this one, or /tmp when a socket below it would have too long a path. */
export function socketParent(temporary: string): string {
  const example = path.join(temporary, `${PREFIX}XXXXXX`, SOCKET_NAME);
  return Buffer.byteLength(example) <= MAX_SOCKET_PATH ? temporary : '/tmp';
}

/** Removes a socket folder, the one of a dead owner too. Does nothing for a path that is not one of ours. */
export async function removeSocketFolder(folder: string): Promise<void> {
  if (!/^galley-pg-[A-Za-z0-9]{6}$/.test(path.basename(folder))) return;
  // What cannot be removed (another user's) is an empty folder that does no harm.
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}
