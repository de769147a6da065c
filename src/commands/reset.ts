import { createInterface } from 'node:readline/promises';
import { Option as Flag } from 'commander';
import { UsageError } from '../shared/errors/errors.js';
import { deliveryQueue, STAGE_QUEUES } from '../queues/names.js';
import { EXIT, print, type CommandSpec } from './command.js';
import { withBackend } from './joined.js';

export const reset: CommandSpec = {
  name: 'reset',
  summary: 'Empty the namespace: queues, records, event log. Asks first; pictures and sinks stay.',
  example: 'galley reset --yes',
  options: ['state', 'namespace'],
  flags: [new Flag('--yes', 'do not ask')],
  quiet: true,
  run: (invocation) =>
    withBackend(
      invocation,
      'reset',
      async (backend) => {
        const { articles, sources } = await backend.state.counts();
        const what = `${articles} articles from ${sources} files of the namespace ${invocation.settings.namespace} on ${backend.name} (${backend.address})`;
        if (invocation.flags['yes'] !== true && !(await confirmed(`Forget ${what}? Type yes: `))) {
          await print('Nothing was changed.');
          return EXIT.failed;
        }
        const sinks = await backend.state.sinks();
        for (const name of [...STAGE_QUEUES, ...sinks.map((sink) => deliveryQueue(sink.name))]) {
          const queue = backend.queue(name);
          await queue.obliterate({ force: true });
          await queue.close();
        }
        await backend.state.reset();
        await print(`Forgot ${what}.`);
        return EXIT.ok;
      },
      // An owner would go on working on what is being thrown away: this one must be alone.
      'own',
    ),
};

async function confirmed(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true)
    throw new UsageError(
      'galley reset asks before it forgets, and there is no terminal to ask on; say --yes.',
    );
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim().toLowerCase() === 'yes';
  } finally {
    lines.close();
  }
}
