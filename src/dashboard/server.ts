import { PACKAGE } from '../shared/config/package.js';
import type { Settings } from '../shared/config/settings.js';
import { ListenError, UsageError } from '../shared/errors/errors.js';
import type { StateStore } from '../shared/state/contract.js';

/** What the dashboard shows, and asks for its health. */
export interface Observed {
  readonly settings: Settings;
  readonly backend: { readonly state: StateStore };
  /** What keeps the process from doing its work, in words. */
  troubles(): string[];
}

export interface Dashboard {
  readonly url: string;
  close(): Promise<void>;
}

const PING_TIMEOUT_MS = 2000;

/**
 * Asked before anything is opened, since wrong usage should leave no trace.
 * @throws UsageError when the address is not loopback and there is no token
 */
export function checkAddress({ host, token }: Pick<Settings, 'host' | 'token'>): void {
  if (isLoopback(host) || token !== undefined) return;
  throw new UsageError(
    `--host ${host} is not loopback: set GALLEY_TOKEN, 16 characters or more, to listen there.`,
  );
}

/**
 * Listens for `/healthz` (this process lives) and `/readyz` (it can do its work, or why not).
 * @throws UsageError when the address is not loopback and there is no token; ListenError
 */
export async function startDashboard(observed: Observed): Promise<Dashboard> {
  const { host, port } = observed.settings;
  checkAddress(observed.settings);
  const { fastify } = await import('fastify');
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', () => ({ status: 'ok', version: PACKAGE.version }));
  server.get('/readyz', async (_request, reply) => {
    const reasons = [...observed.troubles(), ...(await pingTrouble(observed.backend.state))];
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw new ListenError(host, port, error);
  }
  return { url: `${server.listeningOrigin}/readyz`, close: () => server.close() };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Asked afresh, since the last word of a client may be older than the failure. */
async function pingTrouble(state: StateStore): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve(['the backend does not answer']), PING_TIMEOUT_MS);
  });
  try {
    return await Promise.race([
      state.ping().then(
        () => [],
        () => ['the backend does not answer'],
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
