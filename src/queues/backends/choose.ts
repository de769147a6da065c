import type { Logger } from 'pino';
import { UsageError } from '../../shared/errors/errors.js';
import type { Backend } from './contract.js';

export interface BackendChoice {
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly stateDir: string;
  readonly namespace: string;
  /** The command's name, told to whoever finds the state folder owned. */
  readonly role: string;
  /** `own`: this process is to own an embedded state. `join`: it only looks, beside an owner if there is one. */
  readonly mode: 'own' | 'join';
  readonly log: Logger;
}

/** True when state and queues can be reached from other machines. */
export function isShared(choice: Pick<BackendChoice, 'redisUrl' | 'databaseUrl'>): boolean {
  return choice.redisUrl !== undefined || choice.databaseUrl !== undefined;
}

/**
 * Opens the backend that is configured: Redis, else Postgres, else the embedded one. Its client is loaded only then.
 * @throws UsageError, BackendUnreachableError, BackendUnfitError, StateFolderOwnedError, EmbeddedServerError
 */
export async function openBackend(choice: BackendChoice): Promise<Backend> {
  const { redisUrl, databaseUrl, namespace, log } = choice;
  if (redisUrl !== undefined) {
    const { openRedisBackend } = await import('./redis.js');
    return openRedisBackend({ url: redisUrl, namespace, log });
  }
  if (databaseUrl !== undefined) {
    if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
      throw new UsageError(
        'DATABASE_URL is not an address of Postgres; it should look like postgres://user@host:5432/database.',
      );
    }
    const { openPostgresBackend } = await import('./postgres.js');
    return openPostgresBackend({
      connection: { connectionString: databaseUrl },
      address: databaseUrl,
      namespace,
      log,
    });
  }
  const { openEmbeddedBackend } = await import('./embedded.js');
  return openEmbeddedBackend(choice);
}
