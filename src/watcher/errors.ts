import { PermanentError } from '../shared/errors/errors.js';

/**
 * Thrown at start, and logged later on, when the system allows no more watches or open files. Watching stops;
 * the message names the limit to raise. Until then `--poll` works without watches.
 */
export class WatchLimitError extends PermanentError {
  readonly code = 'GALLEY_WATCH_LIMIT';
}

/**
 * Turns what the system says when it cannot watch another folder into what to do about it; null for other errors.
 * On Linux ENOSPC means the watches of this user, EMFILE its inotify instances or the files of this process.
 */
export function watchLimitError(code: string, folder: string, cause: unknown): WatchLimitError | null {
  if (code === 'ENOSPC') {
    return new WatchLimitError(
      `Cannot watch ${folder}: the system's limit of watched folders is reached. Raise it with 'sudo sysctl fs.inotify.max_user_watches=524288', or use --poll.`,
      { cause },
    );
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    return new WatchLimitError(
      `Cannot watch ${folder}: too many open files or watchers. Raise 'ulimit -n' and 'sudo sysctl fs.inotify.max_user_instances=512', or use --poll.`,
      { cause },
    );
  }
  return null;
}
