import { SingleBar } from 'cli-progress';

const REDRAW_MS = 100;

/** A progress bar on a terminal's standard error; nothing elsewhere. */
export function startProgress(look: () => { total: number; done: number }): { stop(): void } {
  if (process.stderr.isTTY !== true) return { stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {value}/{total} files · {duration_formatted}',
    stream: process.stderr,
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(0, 0);
  const timer = setInterval(() => {
    const { total, done } = look();
    bar.setTotal(total);
    bar.update(done);
  }, REDRAW_MS);
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}
