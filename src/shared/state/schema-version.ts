import { StateVersionError } from '../errors/errors.js';

/** @throws StateVersionError when the state was written by a Galley newer than this one. */
export function checkSchemaVersion(found: number, known: number, namespace: string): void {
  if (found <= known) return;
  throw new StateVersionError(
    `The state of the namespace ${namespace} has schema version ${found}, this Galley knows ${known} at most: ` +
      'run the newer Galley that wrote it, or take another namespace with --namespace.',
  );
}
