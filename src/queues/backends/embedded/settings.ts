/** Where the server listens. */
export type Listen =
  | { readonly kind: 'socket'; readonly folder: string }
  | { readonly kind: 'loopback'; readonly port: number; readonly password: string };

/**
 * Settings of the server, `-c name=value` each: for a queue on one box that is shared with the user's other work.
 * They are given at each start, not written to the data folder, so a newer Galley brings its own.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  max_connections: '100',
  // A job that was told done is done, also after a power cut.
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  // Nobody replicates from here: the least log, and no process for it.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // Rows are read back while still in memory: processes that read ahead would only take room.
  io_method: 'sync',
  // Checkpoints by time and spread out, so that a burst of articles does not wait for one; not so much log that a
  // start after a crash has long to read.
  max_wal_size: '512MB',
  min_wal_size: '80MB',
  checkpoint_timeout: '10min',
  checkpoint_completion_target: '0.9',
  // Rows of queues die young: clean them up often, in small bites.
  autovacuum_naptime: '15s',
  autovacuum_vacuum_scale_factor: '0.1',
  // All queries are short: compiling or spreading them over processes costs more than it saves.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // To standard error, kept by us. Statements and details hold what articles say, `secured` too: never in a log.
  logging_collector: 'off',
  log_destination: 'stderr',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_line_prefix: '',
};

/**
 * The arguments that follow the data folder.
 *
 * @param owner words that tell a later start whose server this is (see `leftover.ts`).
 */
export function serverArguments(listen: Listen, owner: string, socketPort: number): string[] {
  const where: Record<string, string> =
    listen.kind === 'socket'
      ? {
          listen_addresses: '',
          port: String(socketPort),
          unix_socket_directories: listen.folder,
          unix_socket_permissions: '0700',
        }
      : { listen_addresses: '127.0.0.1', port: String(listen.port), unix_socket_directories: '' };
  const all = { ...SETTINGS, ...where, 'galley.owner': owner };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
