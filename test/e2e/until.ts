const INTERVAL_MS = 10;

/** Resolves with the first answer that is neither false nor null; fails after `ms`, naming what was waited for. */
export async function until<T>(
  what: string | (() => string),
  look: () => Promise<T | false | null> | T | false | null,
  ms = 60_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null) return seen;
    if (performance.now() > deadline) {
      throw new Error(`Waited ${ms} ms for: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
