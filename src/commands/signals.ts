/** How a run was told to end. */
export interface StopSignal {
  /** Aborted by the first of them. */
  readonly signal: AbortSignal;
  /** Resolves with the first one's name. */
  readonly stopped: Promise<NodeJS.Signals>;
  dispose(): void;
}

/**
 * The first SIGINT or SIGTERM asks for a clean end; the second ends the process at once. So does, as SIGPIPE would in a
 * program that does not catch it, the reader of a standard output that a sink writes to, by going away.
 */
export function onStopSignal(options: { sinkOnStdout?: boolean } = {}): StopSignal {
  const controller = new AbortController();
  let told: (name: NodeJS.Signals) => void = () => undefined;
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    told = resolve;
  });
  const handler = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
    told(name);
  };
  const readerGone = (): void => {
    if (!controller.signal.aborted) handler('SIGPIPE');
  };
  process.on('SIGINT', handler).on('SIGTERM', handler);
  if (options.sinkOnStdout) process.stdout.on('error', readerGone);
  return {
    signal: controller.signal,
    stopped,
    dispose() {
      process.off('SIGINT', handler).off('SIGTERM', handler);
      process.stdout.off('error', readerGone);
    },
  };
}
