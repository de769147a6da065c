import { createServer } from 'node:http';

/** A host that takes requests and never answers. */
export interface SilentHost {
  /** `127.0.0.1:PORT` */
  readonly name: string;
  readonly asked: () => boolean;
  close(): Promise<void>;
}

/** Opens one on a free port of the loopback. */
export async function openSilentHost(): Promise<SilentHost> {
  let asked = false;
  const server = createServer(() => {
    asked = true;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The silent host has no port.');
  return {
    name: `127.0.0.1:${address.port}`,
    asked: () => asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
