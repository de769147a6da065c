import { Option as Flag } from 'commander';
import { composeEvent, parseSequence } from '../shared/events/compose.js';
import { EVENT_KINDS, type EventKind } from '../shared/events/event.js';
import { nearest } from '../shared/config/explain.js';
import { UsageError } from '../shared/errors/errors.js';
import type { StateStore } from '../shared/state/contract.js';
import { EXIT, print, type CommandSpec } from './command.js';
import { withBackend } from './joined.js';
import { onStopSignal } from './signals.js';

const POLL_MS = 150;
const PAGE = 250;

export const tail: CommandSpec = {
  name: 'tail',
  summary: 'Follow the output events, one JSON a line, until stopped.',
  example: 'galley tail --since 2026-11-01T00:00:00Z --type created,updated',
  options: ['state', 'namespace'],
  flags: [
    new Flag(
      '--since <TIME|SEQUENCE|0>',
      'start here instead of at the end of the log; 0 is the oldest event kept',
    ),
    new Flag('--type <KINDS>', `only these kinds: ${EVENT_KINDS.join(', ')}`),
  ],
  quiet: true,
  async run(invocation) {
    const kinds = kindsOf(invocation.flags['type']);
    return withBackend(invocation, 'tail', async ({ state }) => {
      const stop = onStopSignal();
      let after = await startOf(invocation.flags['since'], state);
      const context = { logId: state.logId, namespace: state.namespace };
      const readerGone = new Promise<void>((resolve) => {
        process.stdout.once('error', () => resolve());
        process.stdout.once('close', () => resolve());
      });
      let ended = false;
      void readerGone.then(() => (ended = true));
      while (!stop.signal.aborted && !ended) {
        const entries = await state.readLog(after, PAGE);
        const lines = entries
          .filter(({ kind }) => kinds.includes(kind))
          .map((entry) => `${composeEvent(entry, context)}\n`);
        if (lines.length > 0) await Promise.race([print(lines.join('')), readerGone]);
        after = entries.at(-1)?.number ?? after;
        if (entries.length === 0) await Promise.race([pause(POLL_MS), stop.stopped, readerGone]);
      }
      stop.dispose();
      return EXIT.ok;
    });
  },
};

function kindsOf(given: unknown): readonly EventKind[] {
  if (typeof given !== 'string') return EVENT_KINDS;
  return given.split(',').map((word) => {
    const kind = word.trim().replace(/^galley\.article\./, '');
    const known = EVENT_KINDS.find((candidate) => candidate === kind);
    if (known) return known;
    throw new UsageError(
      `--type: there is no kind of event ${JSON.stringify(kind)}; did you mean ${nearest(kind, EVENT_KINDS)}?`,
    );
  });
}

/** The number after which to read. */
async function startOf(since: unknown, state: StateStore): Promise<number> {
  const { first, last } = await state.logExtent();
  if (typeof since !== 'string') return last;
  if (since === '0') return first - 1;
  const number = parseSequence(since, state.logId);
  if (number !== null) return number;
  const time = Date.parse(since);
  if (!Number.isNaN(time)) return state.numberBefore(time);
  throw new UsageError(
    `--since: ${JSON.stringify(since)} is neither a time such as 2026-11-01T00:00:00Z nor a sequence of this log.`,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
