import { execFile } from 'node:child_process';
import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedServerError, StateFolderOwnedError } from '../../../shared/errors/errors.js';
import type { Binaries } from './binaries.js';
import type { ClusterFolders } from './cluster.js';
import { isAlive, isPidAlive, type ProcessIdentity } from './liveness.js';
import type { ServerLog } from './server-log.js';

const run = promisify(execFile);

/** For a checkpoint of what the server still had in memory. */
const FAST_SHUTDOWN_MS = 10_000;
const IMMEDIATE_SHUTDOWN_MS = 5_000;
/** A server that starts makes its lock file first and writes it a moment later. */
const EMPTY_FILE_MS = 500;
const POLL_MS = 20;

/** Who started a server, as told by the server itself: it outlives a removed owner file. */
export interface ServerOwner {
  readonly process: ProcessIdentity;
  readonly role: string;
}

/** The owner as one word of the server's command line, which Postgres keeps in `postmaster.opts`. */
export function formatServerOwner(owner: ServerOwner): string {
  return [String(owner.process.pid), owner.process.startTime ?? '', owner.role]
    .map(encodeURIComponent)
    .join(':');
}

/** The owner from the text of `postmaster.opts`; null when it names none. */
export function parseServerOwner(options: string): ServerOwner | null {
  const [pid, startTime, role] = /"galley\.owner=([^"]*)"/.exec(options)?.[1]?.split(':') ?? [];
  if (pid === undefined || startTime === undefined || role === undefined || !/^[1-9]\d*$/.test(pid))
    return null;
  const started = decodeURIComponent(startTime);
  return {
    process: { pid: Number(pid), startTime: started === '' ? null : started },
    role: decodeURIComponent(role),
  };
}

/** The process number from the text of `postmaster.pid`, negative there for a single-user server; null if none. */
export function parseServerPid(text: string): number | null {
  const first = /^-?[1-9]\d*/.exec(text)?.[0];
  return first === undefined ? null : Math.abs(Number(first));
}

/**
 * Clears the way for a start on this data folder, by what its `postmaster.pid` says. No file, or a dead process:
 * nothing to do. A living server of a dead owner: it is stopped. Something else that has the number now: the file is
 * stale and removed.
 *
 * Called by the owner of the state folder only, before each attempt to start.
 *
 * @throws StateFolderOwnedError when the server's owner lives (its owner file was removed by hand).
 * @throws EmbeddedServerError when the server does not end.
 */
export async function clearLeftover(
  folders: ClusterFolders,
  binaries: Binaries,
  log: ServerLog,
): Promise<void> {
  const file = path.join(folders.data, 'postmaster.pid');
  const pid = await writtenPid(file);
  if (pid === 'absent') return;
  if (pid !== null && !(await isPidAlive(pid))) return;
  if (pid === null || !(await servesFolder(pid, folders.data))) {
    log.warn({ pid, file }, 'removing a stale lock file of the embedded server');
    await rm(file, { force: true });
    return;
  }
  await refuseIfOwned(folders);
  log.warn({ pid }, 'stopping the embedded server that a dead owner left');
  await stopServer(pid, folders.data, binaries);
}

async function writtenPid(file: string): Promise<number | null | 'absent'> {
  const deadline = Date.now() + EMPTY_FILE_MS;
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) return 'absent';
    const pid = parseServerPid(text);
    if (pid !== null || Date.now() > deadline) return pid;
    await pause(POLL_MS);
  }
}

/** Whether this living process is a postgres that serves this folder; its number may have passed to another. */
async function servesFolder(pid: number, dataFolder: string): Promise<boolean> {
  if (process.platform === 'linux') return servesFolderByProc(pid, dataFolder);
  if (process.platform === 'win32') {
    const tasks = await run('tasklist', ['/FI', `PID eq ${pid}`, '/NH', '/FO', 'CSV']).catch(() => null);
    return tasks === null || tasks.stdout.toLowerCase().includes('postgres');
  }
  const listed = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => null);
  return listed !== null && isServerCommand(listed.stdout, dataFolder);
}

/** A server always works in its data folder; where that may not be asked, its command line tells. */
async function servesFolderByProc(pid: number, dataFolder: string): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== 'postgres') return false;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  if (cwd !== null) return cwd === (await realpath(dataFolder));
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return isServerCommand(command.replaceAll('\0', ' '), dataFolder);
}

function isServerCommand(command: string, dataFolder: string): boolean {
  return command.includes('postgres') && command.includes(dataFolder);
}

async function refuseIfOwned(folders: ClusterFolders): Promise<void> {
  const options = await readFile(path.join(folders.data, 'postmaster.opts'), 'utf8').catch(() => '');
  const owner = parseServerOwner(options);
  if (owner === null || owner.process.pid === process.pid || !(await isAlive(owner.process))) return;
  throw new StateFolderOwnedError(folders.state, owner.process.pid, owner.role);
}

async function stopServer(pid: number, dataFolder: string, binaries: Binaries): Promise<void> {
  if (process.platform === 'win32') {
    await run(binaries.pgCtl, ['stop', '-D', dataFolder, '-m', 'fast', '-w']).catch(() => undefined);
  } else {
    signal(pid, 'SIGINT');
  }
  if (await endsWithin(pid, FAST_SHUTDOWN_MS)) return;
  signal(pid, 'SIGQUIT');
  if (await endsWithin(pid, IMMEDIATE_SHUTDOWN_MS)) return;
  throw new EmbeddedServerError(
    `A PostgreSQL (process ${pid}) that an earlier Galley left still serves ${dataFolder} and does not end. End that process, then start again.`,
  );
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone meanwhile, or another user's: whether it ends is looked at next.
  }
}

async function endsWithin(pid: number, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (await isPidAlive(pid)) {
    if (Date.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}
