import { readFile, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import type { Connection } from '../../src/queues/backends/embedded/connection.js';

/** A folder of the test's own (0700, as mkdtemp makes it), removed when the test has finished. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'galley-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** Resolves when the condition holds; fails after `ms`, naming what was waited for. */
export async function until(what: string, holds: () => Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited ${ms} ms for: ${what}`);
    await pause(10);
  }
}

/** One query on a connection of its own. */
export async function query(connection: Connection, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...connection, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(sql);
    return result.rows;
  } finally {
    await client.end();
  }
}

/** Main process of the server on this state folder, by its lock file. */
export async function serverPid(stateDir: string): Promise<number> {
  const text = await readFile(path.join(stateDir, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  return Number.parseInt(text, 10);
}

/** Processes of PostgreSQL that work below this state folder, initdb among them (Linux). */
export async function serversBelow(stateDir: string): Promise<number[]> {
  const below = path.join(await realpath(stateDir), 'postgres');
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '');
    if (!/^(postgres|initdb)\s*$/.test(command)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (cwd.startsWith(below)) found.push(Number(name));
  }
  return found;
}

/** A log that nobody reads. */
export const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
};
