import pg from 'pg';
import { openPostgresStateStore } from '../../src/shared/state/postgres/store.js';
import { schemaName } from '../../src/shared/state/postgres/schema-name.js';
import { stateStoreContract } from '../contracts/state-store.js';
import { startPostgresServer } from '../support/postgres-server.js';

stateStoreContract({
  name: 'Postgres',
  available: true,
  async start() {
    const server = await startPostgresServer();
    return {
      open: (namespace) => openPostgresStateStore({ connection: server.connection, namespace }),
      async setSchemaVersion(namespace, version) {
        const client = new pg.Client(server.connection);
        await client.connect();
        await client.query(`update "${schemaName(namespace)}".meta set value = $1 where name = 'schema'`, [
          version,
        ]);
        await client.end();
      },
      stop: () => server.stop(),
    };
  },
});
