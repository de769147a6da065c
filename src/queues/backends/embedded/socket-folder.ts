import { randomBytes } from 'node:crypto';
import { chown, mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { EmbeddedServerError } from '../../../shared/errors/errors.js';
import type { ServerUser } from './server-user.js';

const PREFIX = 'galley-pg-';
/** What Postgres calls its socket, for the port that `SOCKET_PORT` says. */
export const SOCKET_PORT = 5432;
const SOCKET_NAME = `.s.PGSQL.${SOCKET_PORT}`;
/** Room for a path in `sockaddr_un`, without the closing NUL: 108 on Linux, 104 on macOS and the BSDs. */
const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/**
 * A path for a new socket folder: under the temporary folder, or under /tmp where a socket would have too long a path.
 * It is chosen before it is made, so that whoever cleans up after us knows it from our first moment.
 */
export function newSocketFolder(): string {
  return path.join(socketParent(os.tmpdir()), `${PREFIX}${randomBytes(4).toString('hex')}`);
}

/**
 * Makes the private folder (0700, owned by the server's user) for the server's socket.
 *
 * @throws EmbeddedServerError when it cannot be made; also when something is there already, which is not ours then.
 */
export async function makeSocketFolder(folder: string, user: ServerUser | null): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    if (user !== null) await chown(folder, user.uid, user.gid);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedServerError(
      `The folder for the embedded server's socket cannot be made (${why}); set TMPDIR to a folder that can be written to.`,
      { cause },
    );
  }
}

/** The folder to make socket folders in: this one, or /tmp when a socket below it would have too long a path. */
export function socketParent(temporary: string): string {
  const example = path.join(temporary, `${PREFIX}01234567`, SOCKET_NAME);
  return Buffer.byteLength(example) <= MAX_SOCKET_PATH ? temporary : '/tmp';
}

/** Removes a socket folder, the one of a dead owner too. Does nothing for a path that is not one of ours. */
export async function removeSocketFolder(folder: string): Promise<void> {
  if (!/^galley-pg-[0-9a-f]{8}$/.test(path.basename(folder))) return;
  // What cannot be removed (another user's) is an empty folder that does no harm.
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}
