import pg from 'pg';
import type { Logger } from 'pino';
import type { GalleyError } from '../../shared/errors/errors.js';
import { schemaName } from '../../shared/state/postgres/schema-name.js';
import type { Backend } from './contract.js';
import { joinEmbedded, openEmbedded, type EmbeddedServer } from './embedded/open.js';
import { openPostgresBackend } from './postgres.js';

/**
 * The PostgreSQL that comes with Galley, as a child process on a private socket: first run, laptops, one box.
 * `own` takes the state folder for this process alone; `join` uses the running owner's server, or starts it for the
 * length of one command.
 *
 * @throws StateFolderOwnedError, EmbeddedServerError, StateVersionError
 */
export async function openEmbeddedBackend(options: {
  readonly stateDir: string;
  readonly role: string;
  readonly mode: 'own' | 'join';
  readonly namespace: string;
  readonly log: Logger;
}): Promise<Backend> {
  const { stateDir, role, mode, namespace, log } = options;
  let tellLost: (error: GalleyError) => void = () => undefined;
  const lost = new Promise<GalleyError>((resolve) => {
    tellLost = resolve;
  });
  const open = mode === 'own' ? openEmbedded : joinEmbedded;
  const server = await open({ stateDir, role, log, onLost: tellLost });
  try {
    if (mode === 'own') await releaseDeadJobs(server, namespace);
    const backend = await openPostgresBackend({
      connection: connectionTo(server),
      address: stateDir,
      namespace,
      log,
      name: 'embedded',
      singleOwner: true,
    });
    return {
      ...backend,
      lost,
      async close() {
        await backend.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Without TLS, whatever the user's own PGSSLMODE says: the server is a child on a private socket. */
function connectionTo({ connection }: EmbeddedServer): pg.PoolConfig {
  return { ...connection, ssl: false };
}

/**
 * The owner before this one is dead, and so is whoever held a lock on a job: lets the first stall check take them all,
 * instead of waiting for locks to run out. (Columns of BullMQ's schema; harmless where they are not.)
 */
async function releaseDeadJobs(server: EmbeddedServer, namespace: string): Promise<void> {
  const client = new pg.Client(connectionTo(server));
  client.on('error', () => undefined);
  await client.connect();
  const schema = schemaName(namespace, 'queues');
  try {
    const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
      `"${schema}".job`,
    ]);
    if (rows[0]?.there !== true) return;
    await client.query(
      `update "${schema}".job set locked_until_ms = 0, stalled_marked = true where state = 'active'`,
    );
    await client.query(`delete from "${schema}".meta where field = 'stalled-check'`);
  } finally {
    await client.end();
  }
}
