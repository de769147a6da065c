import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command as it is built and shipped. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Another build of the command. */
  readonly cli?: string;
}

/** Starts the command with nothing of Galley's in its environment but what is given. */
export function startCommand(args: readonly string[], options: CommandOptions): Running {
  const { cwd, env, cli = CLI, ...identity } = options;
  const child = spawn(process.execPath, [cli, ...args], {
    cwd,
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...identity,
  });
  const out = textOf(child.stdout);
  const err = textOf(child.stderr);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout: out(), stderr: err() }));
  });
  return { pid: pidOf(child), stdout: out, stderr: err, ended, kill: (signal) => void child.kill(signal) };
}

function plainEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('The command could not be started.');
  return child.pid;
}
