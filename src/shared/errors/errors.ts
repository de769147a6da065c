/**
 * Base of every error that Galley throws on purpose.
 *
 * `code` never changes and is never reused; it is on the errors page (`docs/errors.md`). The class tells a
 * retryable error from a permanent one: workers retry the first with back-off and turn the second into a
 * failed job at once. The message is a sentence that says what was being done, to what, and how to mend it.
 */
export abstract class GalleyError extends Error {
  abstract readonly code: string;
  /** True when the same call may succeed later without anybody changing anything. */
  abstract readonly retryable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** May succeed later: a lost connection, a full disk, a host that is down. */
export abstract class RetryableError extends GalleyError {
  override readonly retryable = true;
}

/** Will not succeed by trying again: wrong usage, wrong configuration, a payload that fails its schema. */
export abstract class PermanentError extends GalleyError {
  override readonly retryable = false;
}

/** Thrown for a wrong flag, command, key or value. The command prints the message and exits with 64. */
export class UsageError extends PermanentError {
  readonly code = 'GALLEY_USAGE';
}

/** Thrown at start when Redis or Postgres cannot be reached. The command exits with 1. */
export class BackendUnreachableError extends RetryableError {
  readonly code = 'GALLEY_BACKEND_UNREACHABLE';
}

/** Thrown at start when the backend answers but is not set up as Galley needs it. The command exits with 1. */
export class BackendUnfitError extends PermanentError {
  readonly code = 'GALLEY_BACKEND_UNFIT';
}

/** Thrown when another process owns the embedded state folder. The command exits with 1. */
export class StateFolderOwnedError extends PermanentError {
  readonly code = 'GALLEY_STATE_OWNED';
  readonly folder: string;
  readonly ownerPid: number;

  constructor(folder: string, ownerPid: number, role: string) {
    super(
      `The state folder ${folder} is in use by 'galley ${role}' (process ${ownerPid}); stop that one, or give this one another folder with --state.`,
    );
    this.folder = folder;
    this.ownerPid = ownerPid;
  }
}

/** Thrown when the state was written by a newer Galley, or by another major version of Postgres. */
export class StateVersionError extends PermanentError {
  readonly code = 'GALLEY_STATE_VERSION';
}

/** Thrown when the embedded Postgres cannot be started; carries the server's last log lines. */
export class EmbeddedServerError extends PermanentError {
  readonly code = 'GALLEY_EMBEDDED_SERVER';
}

/** Thrown when a job's payload does not fit its schema: a job of another version, or one put by hand. */
export class PayloadError extends PermanentError {
  readonly code = 'GALLEY_PAYLOAD';
}

/** Thrown when the state store refuses or loses a call. The job is tried again. */
export class StateStoreError extends RetryableError {
  readonly code = 'GALLEY_STATE_STORE';
}

/** Thrown when a sink cannot be opened or takes nothing now. Its delivery job is tried again, for ever, with back-off. */
export class SinkUnavailableError extends RetryableError {
  readonly code = 'GALLEY_SINK_UNAVAILABLE';
}

/** Thrown at start when the dashboard's port is taken or its address is not this machine's. The command exits with 1. */
export class ListenError extends PermanentError {
  readonly code = 'GALLEY_LISTEN';

  constructor(host: string, port: number, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code;
    super(
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is taken; give another with --port (0 picks a free one), or --no-dashboard.`
        : `Cannot listen on ${host}, port ${port} (${code ?? String(cause)}); mend --host or --port.`,
      { cause },
    );
  }
}
