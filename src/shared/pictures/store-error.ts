import { PermanentError, RetryableError } from '../errors/errors.js';

/**
 * Thrown when the image store cannot be written or read: a full disk, a missing permission, a disk that is gone.
 * The job is tried again.
 */
export class ImageStoreError extends RetryableError {
  readonly code = 'GALLEY_IMAGE_STORE';
  readonly path: string;

  constructor(action: string, path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`Could not ${action} ${path} in the image store (${why}); check the disk and its permissions.`, {
      cause,
    });
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
