/** How a run was told to end. */
export interface StopSignal {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Resolves with the first one's name. */
  readonly stopped: Promise<NodeJS.Signals>;
  dispose(): void;
}

/** The first SIGINT or SIGTERM asks for a clean end; the second ends the process at once. */
export function onStopSignal(): StopSignal {
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
  process.on('SIGINT', handler).on('SIGTERM', handler);
  return {
    signal: controller.signal,
    stopped,
    dispose() {
      process.off('SIGINT', handler).off('SIGTERM', handler);
    },
  };
}
