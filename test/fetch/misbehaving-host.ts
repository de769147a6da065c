import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A local host for one test: answers by path, counts requests by path, keeps what was asked. */
export interface TestHost extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  count(path?: string): number;
}

/** Starts a host on a free port; closed with all its connections when disposed of. A path without answer is 404. */
export async function startHost(
  answers: Readonly<Record<string, Answer>>,
  address = '127.0.0.1',
): Promise<TestHost> {
  const requests: TestHost['requests'] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    requests.push({ path, headers: request.headers });
    const answer = answers[path] ?? answers['*'];
    response.on('error', () => undefined);
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  server.listen(0, address);
  await once(server, 'listening');
  const port = portOf(server);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    count: (path) => requests.filter((request) => path === undefined || request.path === path).length,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test host has no port');
  return address.port;
}

/** Sends bytes one by one, a few milliseconds apart, until the connection ends. */
export function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 5);
  response.on('close', () => clearInterval(timer));
}
