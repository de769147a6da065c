import { resolve } from 'node:path';
import { openBackend } from '../queues/backends/choose.js';
import type { Backend } from '../queues/backends/contract.js';
import type { Invocation } from './command.js';

/** Opens the backend beside its running owner, or for the length of one command, and closes it behind the work. */
export async function withBackend<T>(
  { settings, log }: Pick<Invocation, 'settings' | 'log'>,
  role: string,
  work: (backend: Backend) => Promise<T>,
  mode: 'join' | 'own' = 'join',
): Promise<T> {
  const backend = await openBackend({
    redisUrl: settings.redisUrl,
    databaseUrl: settings.databaseUrl,
    stateDir: resolve(settings.state),
    namespace: settings.namespace,
    role,
    mode,
    log,
  });
  try {
    return await work(backend);
  } finally {
    await backend.close();
  }
}
