import { PermanentError, RetryableError } from '../errors/errors.js';

/**
 * Thrown when the image store cannot be written or read: a full disk, a missing permission, a disk or a server that is
 * gone. The job is tried again.
 */
export class ImageStoreError extends RetryableError {
  readonly code = 'GALLEY_IMAGE_STORE';
  readonly path: string;

  constructor(action: string, path: string, cause: unknown, check = 'the disk and its permissions') {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`Could not ${action} ${path} in the image store (${why}); check ${check}.`, { cause });
    this.path = path;
  }
}

/** Thrown when a name that is not one of the image store's own is asked of it. The job fails for good. */
export class ImageNameError extends PermanentError {
  readonly code = 'GALLEY_IMAGE_NAME';

  constructor(name: string) {
    super(`'${name.slice(0, 200)}' is not the name of a file in the image store; take it from a record.`);
  }
}

/** Thrown at start when the image store is S3 and the client for it is not installed. The command exits with 1. */
export class ImageStoreClientError extends PermanentError {
  readonly code = 'GALLEY_IMAGE_STORE_CLIENT';
}
