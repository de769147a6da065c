import { Redis } from 'ioredis';
import { openRedisStateStore } from '../../src/shared/state/redis/store.js';
import { stateStoreContract } from '../contracts/state-store.js';
import { redisWanted, startRedisServer } from '../support/redis-server.js';

stateStoreContract({
  name: 'Redis',
  available: redisWanted(),
  async start() {
    const server = await startRedisServer();
    return {
      async open(namespace) {
        const client = new Redis(server.url, { maxRetriesPerRequest: null });
        try {
          const store = await openRedisStateStore({ client, namespace });
          return { ...store, close: async () => client.disconnect() };
        } catch (error) {
          client.disconnect();
          throw error;
        }
      },
      async setSchemaVersion(namespace, version) {
        const client = new Redis(server.url);
        await client.hset(`{${namespace}:state}:meta`, 'schema', version);
        client.disconnect();
      },
      stop: () => server.stop(),
    };
  },
});
