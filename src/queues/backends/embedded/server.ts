import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedServerError } from '../../../shared/errors/errors.js';
import type { Binaries } from './binaries.js';
import { startBound, type BoundProcess } from './bound-process.js';
import { DATABASE, DATABASE_USER, type ClusterFolders } from './cluster.js';
import { connectOnce, type Connection } from './connection.js';
import { clearLeftover, formatServerOwner, type ServerOwner } from './leftover.js';
import type { ServerLog } from './server-log.js';
import type { Launch } from './server-user.js';
import { serverArguments, type Listen } from './settings.js';
import { SOCKET_PORT } from './socket-folder.js';

const run = promisify(execFile);

/** A server that takes connections. */
export interface RunningServer {
  readonly connection: Connection;
  /** Resolves, never rejects, when it has ended, asked or not; with its last lines. */
  readonly ended: Promise<string>;
  /** Ends it in order, or at once when that takes too long. Safe to call when it has ended by itself. */
  stop(): Promise<void>;
}

export interface ServerSetup {
  readonly folders: ClusterFolders;
  readonly binaries: Binaries;
  readonly launch: Launch;
  readonly listen: Listen;
  readonly owner: ServerOwner;
  readonly log: ServerLog;
}

/** Recovery after a crash with much in the log takes its time; the server says so and is waited for. */
const READY_DEADLINE_MS = 120_000;
const READY_POLL_MS = 200;
/** The end of a dead owner's server may overlap with our start for a moment. */
const OVERLAP_DEADLINE_MS = 10_000;
const OVERLAP_RETRY_MS = 100;
/** A clean shutdown writes a checkpoint; then it is made to end, and recovers at the next start. */
const STOP_PATIENCE_MS = 8_000;

const READY = /ready to accept connections/;
/** Another server still holds this folder, or the memory of one whose main process was killed. */
const OVERLAP = /lock file ".*" already exists|lock file ".*" is empty|pre-existing shared memory block/;

/**
 * Starts the server on a whole data folder and waits until it takes connections.
 *
 * @throws StateFolderOwnedError when a living process runs a server on it already.
 * @throws EmbeddedServerError when it does not start, with its last lines.
 */
export async function startServer(setup: ServerSetup): Promise<RunningServer> {
  const { folders, binaries, log } = setup;
  const deadline = Date.now() + OVERLAP_DEADLINE_MS;
  for (;;) {
    await clearLeftover(folders, binaries, log);
    const server = launchServer(setup);
    const failure = await untilReady(server, connectionOf(setup.listen));
    if (failure === null) return runningServer(server, setup);
    await server.stop(0);
    if (!server.lines.has(OVERLAP) || Date.now() > deadline) {
      throw new EmbeddedServerError(
        `The embedded PostgreSQL on ${folders.data} ${failure}. Its last lines:\n${server.lines.toString()}`,
      );
    }
    await pause(OVERLAP_RETRY_MS);
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}

function launchServer({ folders, binaries, launch, listen, owner, log }: ServerSetup): BoundProcess {
  const settings = serverArguments(listen, formatServerOwner(owner), SOCKET_PORT);
  return startBound(
    launch,
    [binaries.postgres, '-D', launch.dataArgument, ...settings],
    folders.data,
    (line) => log.debug({ line }, 'embedded server'),
  );
}

/** Null when it takes connections, else what happened instead, to follow "The embedded PostgreSQL …". */
async function untilReady(server: BoundProcess, connection: Connection): Promise<string | null> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  let refused = 'it did not answer';
  while (Date.now() < deadline) {
    await Promise.race([server.ended, server.lines.next(READY, READY_POLL_MS)]);
    if (server.isOver) return 'did not start';
    const error = await connectOnce(connection);
    if (error === null) return null;
    refused = error.message;
  }
  return `took no connection within ${READY_DEADLINE_MS / 1000} s (${refused})`;
}

function runningServer(server: BoundProcess, setup: ServerSetup): RunningServer {
  return {
    connection: connectionOf(setup.listen),
    ended: server.ended.then(() => server.lines.toString()),
    async stop() {
      if (process.platform === 'win32' && !server.isOver) {
        const stop = [
          'stop',
          '-D',
          setup.folders.data,
          '-m',
          'fast',
          '-w',
          '-t',
          String(STOP_PATIENCE_MS / 1000),
        ];
        await run(setup.binaries.pgCtl, stop).catch(() => undefined);
      }
      await server.stop(STOP_PATIENCE_MS);
    },
  };
}

function connectionOf(listen: Listen): Connection {
  const common = { user: DATABASE_USER, database: DATABASE };
  switch (listen.kind) {
    case 'socket':
      return { host: listen.folder, port: SOCKET_PORT, ...common };
    case 'loopback':
      return { host: '127.0.0.1', port: listen.port, ...common, password: listen.password };
    default:
      return listen satisfies never;
  }
}
