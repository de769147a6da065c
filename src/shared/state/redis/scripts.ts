import { readFile } from 'node:fs/promises';
import type { Cluster, Redis } from 'ioredis';

export type RedisClient = Redis | Cluster;

type ScriptArgument = string | number;
export type Script = (keys: readonly string[], ...args: readonly ScriptArgument[]) => Promise<unknown>;

export interface StateScripts {
  readonly open: Script;
  readonly commit: Script;
  readonly sinks: Script;
  readonly trimLog: Script;
  readonly skipLog: Script;
}

/** Makes the state's scripts callable on this client. ioredis sends them by hash, and whole where the server has none. */
export async function defineScripts(client: RedisClient): Promise<StateScripts> {
  const [open, commit, sinks, trimLog, skipLog] = await Promise.all([
    defineScript(client, 'open', 1),
    defineScript(client, 'commit', 5),
    defineScript(client, 'sinks', 2),
    defineScript(client, 'trim-log', 3),
    defineScript(client, 'skip-log', 1),
  ]);
  return { open, commit, sinks, trimLog, skipLog };
}

async function defineScript(client: RedisClient, name: string, numberOfKeys: number): Promise<Script> {
  const lua = await readFile(new URL(`./${name}.lua`, import.meta.url), 'utf8');
  const command = `galley:${name}`;
  client.defineCommand(command, { numberOfKeys, lua });
  // The commands that defineCommand adds are not in the client's type.
  const commands = client as unknown as Record<string, (args: ScriptArgument[]) => Promise<unknown>>;
  return async (keys, ...args) => commands[command]?.([...keys, ...args]);
}

/** The server's clock, epoch milliseconds. */
export async function serverTime(client: RedisClient): Promise<number> {
  const [seconds, micros] = await client.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
