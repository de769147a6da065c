import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';

/**
 * Gives an emitter the `error` listener without which its first lost connection would end the process. The line is
 * for debugging only: that the backend is away is told once, by the backend.
 */
export function quietErrors<T extends EventEmitter>(emitter: T, log: Logger): T {
  emitter.on('error', (error: Error) => {
    log.debug({ err: error }, 'A queue lost its connection; it makes a new one');
  });
  return emitter;
}
