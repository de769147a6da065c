import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { LineRing } from './line-ring.js';
import type { Launch } from './server-user.js';

/** A child whose life is bound to ours, however ours ends. */
export interface BoundProcess {
  /** The last lines that it wrote, both streams. */
  readonly lines: LineRing;
  /** Resolves, never rejects, when it has ended: with its exit code, or null when it could not be started. */
  readonly ended: Promise<number | null>;
  /** True once it has ended. */
  readonly isOver: boolean;
  /**
   * Asks it to end (SIGINT: Postgres calls this a fast shutdown) and waits; after `patienceMs` it is made to end
   * (SIGQUIT: an immediate shutdown, recovered from at the next start). Resolves when it has ended, and in any case
   * 5 s after that.
   */
  stop(patienceMs: number): Promise<void>;
}

/** Time for its last lines to be read, once it has ended. */
const CLOSE_GRACE_MS = 300;
const LAST_WAIT_MS = 5_000;

/**
 * Runs "$@" in the background and watches our end of stdin from beside it. A line on it asks for an orderly end; its
 * closing means that node is gone, or out of patience: SIGINT, and SIGQUIT until it has gone, since a shutdown
 * checkpoint can take long and a signal is lost on a process that has not set its handlers yet (a background process
 * of sh starts with SIGINT and SIGQUIT ignored). The shell itself waits for the child, so its end is told at once.
 */
const WATCHDOG = `
exec 3<&0
"$@" 3<&- </dev/null & child=$!
(
  read -r word; kill -INT $child 2>/dev/null
  [ -z "$word" ] || read -r word
  while sleep 0.1; do kill -QUIT $child 2>/dev/null || exit; done
) <&3 3<&- >/dev/null 2>&1 & watch=$!
exec 3<&- </dev/null
wait $child; code=$?
kill $watch 2>/dev/null
exit $code
`;

/**
 * Starts a program through the watchdog, in a session of its own, so that a Ctrl-C in our terminal does not reach it.
 * Where there is no `sh` (Windows) it is started directly, and what outlives us is dealt with at the next start.
 *
 * @param cwd folder to start in.
 * @param onLine called for each line that it writes.
 */
export function startBound(
  launch: Pick<Launch, 'prefix' | 'spawnAs'>,
  command: readonly [string, ...string[]],
  cwd: string,
  onLine: (line: string) => void,
): BoundProcess {
  const [program, ...rest] =
    process.platform === 'win32'
      ? command
      : (['/bin/sh', '-c', WATCHDOG, 'galley-watchdog', ...launch.prefix, ...command] as const);
  const ids = launch.spawnAs === null ? {} : { uid: launch.spawnAs.uid, gid: launch.spawnAs.gid };
  const child = spawn(program, rest, {
    ...ids,
    cwd,
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = new LineRing();
  const note = (line: string) => {
    lines.push(line);
    onLine(line);
  };
  createInterface({ input: child.stdout }).on('line', note);
  createInterface({ input: child.stderr }).on('line', note);
  // A child that is gone already breaks the pipe; its end is told by `ended`.
  child.stdin.on('error', () => undefined);

  let isOver = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      note(error.message);
      resolve(null);
    });
    // 'close' comes after the last line was read, 'exit' before; but a grandchild that keeps the pipes open
    // would hold 'close' back for as long as it lives.
    child.once('close', resolve);
    child.once('exit', (code) => void pause(CLOSE_GRACE_MS).then(() => resolve(code)));
  }).then((code) => {
    isOver = true;
    return code;
  });

  const endsWithin = async (ms: number): Promise<boolean> => {
    const abort = new AbortController();
    const late = pause(ms, undefined, { signal: abort.signal }).catch(() => undefined);
    await Promise.race([ended, late]);
    abort.abort();
    return isOver;
  };

  return {
    lines,
    ended,
    get isOver() {
      return isOver;
    },
    async stop(patienceMs) {
      if (isOver) return;
      child.stdin.write('stop\n');
      if (await endsWithin(patienceMs)) return;
      child.stdin.destroy();
      if (process.platform === 'win32') child.kill();
      await endsWithin(LAST_WAIT_MS);
    },
  };
}
