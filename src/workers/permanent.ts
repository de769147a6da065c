import { UnrecoverableError } from 'bullmq';
import { storableText } from '../shared/article/text.js';
import { GalleyError } from '../shared/errors/errors.js';

const MAX_MESSAGE = 2000;

/**
 * The one place where our errors become BullMQ's: a permanent one fails its job at once, any other is tried again
 * with back-off. The text is cleaned: Postgres keeps neither NUL nor lone surrogates, and a job whose failure cannot
 * be written is stuck.
 */
export async function permanentAsUnrecoverable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GalleyError && !error.retryable) {
      throw new UnrecoverableError(storableText(`${error.code}: ${error.message}`).slice(0, MAX_MESSAGE));
    }
    if (error instanceof Error) error.message = storableText(error.message).slice(0, MAX_MESSAGE);
    throw error;
  }
}
