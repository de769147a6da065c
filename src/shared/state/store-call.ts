import { GalleyError, StateStoreError } from '../errors/errors.js';

const LONGEST_REASON = 200;

/**
 * Awaits a call to the backend; what it throws becomes a `StateStoreError` that says what was being done. The
 * driver's own error stays behind: it carries the command or the failing row, and so whole articles, into logs.
 */
export async function storeCall<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asStoreError(doing, error);
  }
}

/** The same for the pages of a scan. */
export async function* storePages<T>(doing: string, pages: AsyncIterable<T>): AsyncGenerator<T, void, void> {
  const iterator = pages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const page = await storeCall(doing, () => iterator.next());
      if (page.done === true) return;
      yield page.value;
    }
  } finally {
    await iterator.return?.();
  }
}

function asStoreError(doing: string, error: unknown): unknown {
  // A wrong argument is a fault of the caller, and ours are said already.
  if (error instanceof GalleyError || error instanceof TypeError) return error;
  const reason = reasonOf(error);
  return new StateStoreError(`The state store failed while ${doing}: ${reason}.`, {
    cause: new Error(reason),
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return 'no reason given';
  const { code } = error as { code?: unknown };
  // Postgres quotes the value it refuses (classes 22 and 23).
  if (typeof code === 'string' && /^2[23]/.test(code)) return `the data was refused (${code})`;
  const message = error.message.split('\n', 1)[0]?.slice(0, LONGEST_REASON) ?? '';
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
