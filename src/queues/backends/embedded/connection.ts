import pg from 'pg';
import { z } from 'zod';

/** How to reach the embedded server with `pg`. */
export const connectionSchema = z.object({
  /** The folder of its unix socket, or 127.0.0.1. */
  host: z.string(),
  port: z.number().int().positive(),
  user: z.string(),
  database: z.string(),
  password: z.string().optional(),
});
export type Connection = z.infer<typeof connectionSchema>;

const CONNECT_TIMEOUT_MS = 5_000;

/** Connects once and leaves again. Null when the server took the connection, else why not. */
export async function connectOnce(connection: Connection): Promise<Error | null> {
  const client = new pg.Client({
    ...connection,
    // Else PGSSLMODE of the user's environment would be followed.
    ssl: false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A server that ends between two messages reports it here; unheard, it would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    await client.end().catch(() => undefined);
  }
}
