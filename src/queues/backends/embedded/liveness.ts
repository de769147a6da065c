import { execFile } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** In place of a start time: the process has ended and only waits to be reaped. */
const ENDED = 'ended';

/** A process that is not mistaken for a later one with the same number. */
export const processIdentitySchema = z.object({
  pid: z.number().int().positive(),
  /** When it started, in the words of this platform; null where that cannot be asked (Windows). */
  startTime: z.string().nullable(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Where a process number means something: one boot of one machine, one pid namespace. Null where there are none. */
export const machineSchema = z.object({
  host: z.string(),
  boot: z.string().nullable(),
  pidSpace: z.string().nullable(),
});
export type Machine = z.infer<typeof machineSchema>;

/** The machine, boot and pid namespace of this process. */
export function thisMachine(): Machine {
  return {
    host: os.hostname(),
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidSpace: attempt(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/**
 * What a process number of `other` is worth here: `same` (it can be asked about), `before-reboot` (its processes are
 * gone) or `elsewhere` (another machine or container: it cannot be asked about).
 */
export function compareMachines(mine: Machine, other: Machine): 'same' | 'before-reboot' | 'elsewhere' {
  const sameHost = mine.host === other.host;
  if (mine.boot === null || other.boot === null) return sameHost ? 'same' : 'elsewhere';
  if (mine.boot === other.boot) return mine.pidSpace === other.pidSpace ? 'same' : 'elsewhere';
  return sameHost ? 'before-reboot' : 'elsewhere';
}

/** This process, as others will look for it. */
export async function thisProcess(): Promise<ProcessIdentity> {
  return { pid: process.pid, startTime: await startTime(process.pid) };
}

/** Whether that very process still runs; one that only waits to be reaped does not. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (!answersSignals(identity.pid)) return false;
  const started = await startTime(identity.pid);
  if (started === ENDED) return false;
  // Gone since, or not to be asked (Windows, /proc mounted with hidepid): then the signal's answer counts.
  if (started === null) return answersSignals(identity.pid);
  return identity.startTime === null || identity.startTime === started;
}

/** Whether any process has this number now, by whoever's hand. */
export async function isPidAlive(pid: number): Promise<boolean> {
  return isAlive({ pid, startTime: null });
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Null for a process that is gone, and where it cannot be asked; `ENDED` for a zombie. */
async function startTime(pid: number): Promise<string | null> {
  if (process.platform === 'win32') return null;
  if (process.platform === 'linux') {
    return readFile(`/proc/${pid}/stat`, 'utf8').then(startTimeOfStat, () => null);
  }
  // `lstart` is told in the local zone and language, which may differ between two callers.
  const options = { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' } };
  return run('ps', ['-o', 'lstart=', '-p', String(pid)], options).then(
    ({ stdout }) => stdout.trim() || null,
    () => null,
  );
}

/**
 * The start time (clock ticks since boot) from the text of `/proc/<pid>/stat`, field 22 of proc(5); `ended` for a
 * zombie. The command's name, in parentheses, may itself hold spaces and parentheses.
 */
export function startTimeOfStat(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? ENDED : (fields[19] ?? null);
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
