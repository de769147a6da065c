import { Option as Flag } from 'commander';
import { checkAddress, startDashboard, type Dashboard } from '../dashboard/server.js';
import { ALL_ROLES, Pipeline, type Roles } from '../pipeline.js';
import { STAGE_QUEUES, type StageQueue } from '../queues/names.js';
import { UsageError } from '../shared/errors/errors.js';
import { nearest } from '../shared/config/explain.js';
import { EXIT, type CommandSpec, type Invocation } from './command.js';
import { sinkOnStdout } from './stdout.js';
import { onStopSignal } from './signals.js';

/** How long a stop may take before what is open is cut. */
const DRAIN_MS = 10_000;

export const run: CommandSpec = {
  name: 'run',
  summary: 'Watch, work and show the dashboard, all in one process.',
  example: 'galley run --inbox ./articles --out ./records.ndjson',
  options: [
    'inbox',
    'out',
    'sinks',
    'state',
    'namespace',
    'host',
    'port',
    'dashboard',
    'allowHosts',
    'poll',
    'processes',
    'images',
    'thumbnails',
    'acceptRemovals',
    'logLevel',
  ],
  run: (invocation) => runRoles(invocation, 'run', ALL_ROLES),
};

export const watch: CommandSpec = {
  name: 'watch',
  summary: 'Only watch the inbox; workers run elsewhere. Wants REDIS_URL or DATABASE_URL.',
  example: 'REDIS_URL=redis://queue:6379 galley watch --inbox ./articles',
  options: ['inbox', 'namespace', 'poll', 'acceptRemovals', 'logLevel'],
  run: (invocation) =>
    runRoles(withoutDashboard(invocation), 'watch', { watch: true, stages: [], deliver: false }),
};

export const work: CommandSpec = {
  name: 'work',
  summary: 'Only work: validate, fetch pictures, score, deliver. Wants REDIS_URL or DATABASE_URL.',
  example: 'REDIS_URL=redis://queue:6379 galley work --only validate,images',
  options: [
    'out',
    'sinks',
    'state',
    'namespace',
    'allowHosts',
    'processes',
    'images',
    'thumbnails',
    'logLevel',
  ],
  flags: [new Flag('--only <STAGES>', 'some of validate, images, score, deliver, with commas')],
  run: (invocation) => runRoles(withoutDashboard(invocation), 'work', rolesOf(invocation.flags['only'])),
};

export const dashboard: CommandSpec = {
  name: 'dashboard',
  summary: 'Only listen: health, and the dashboard. Wants REDIS_URL or DATABASE_URL.',
  example: 'REDIS_URL=redis://queue:6379 galley dashboard --port 3080',
  options: ['namespace', 'host', 'port', 'logLevel'],
  run: (invocation) => runRoles(invocation, 'dashboard', { watch: false, stages: [], deliver: false }),
};

const STAGE_OF_WORD = { validate: 'articles', images: 'images', score: 'scores' } as const satisfies Record<
  string,
  StageQueue
>;
const WORDS = [...Object.keys(STAGE_OF_WORD), 'deliver'];

function rolesOf(only: unknown): Roles {
  if (typeof only !== 'string') return { watch: false, stages: STAGE_QUEUES, deliver: true };
  const words = only.split(',').map((word) => word.trim());
  for (const word of words) {
    if (!WORDS.includes(word)) {
      throw new UsageError(
        `--only: there is no stage ${JSON.stringify(word)}; did you mean ${nearest(word, WORDS)}?`,
      );
    }
  }
  const stages = Object.entries(STAGE_OF_WORD).flatMap(([word, stage]) =>
    words.includes(word) ? [stage] : [],
  );
  return { watch: false, stages, deliver: words.includes('deliver') };
}

function withoutDashboard(invocation: Invocation): Invocation {
  return { ...invocation, settings: { ...invocation.settings, dashboard: false } };
}

async function runRoles({ settings, log, json }: Invocation, role: string, roles: Roles): Promise<number> {
  if (settings.dashboard) checkAddress(settings);
  const stop = onStopSignal({ sinkOnStdout: sinkOnStdout(settings, json) });
  const pipeline = await Pipeline.start({ settings, roles, role, log });
  let server: Dashboard | null = null;
  try {
    if (settings.dashboard) server = await startDashboard(pipeline);
    log.info(
      {
        backend: pipeline.backend.address,
        inboxes: pipeline.roots.map(({ dir }) => dir),
        sinks: pipeline.sinks.map(({ name }) => name),
      },
      server ? `Galley is running; its health is at ${server.url}` : 'Galley is running',
    );
    const end = await Promise.race([stop.stopped, pipeline.backend.lost]);
    if (typeof end !== 'string') throw end;
    log.info(`Stopping (${end}); jobs in hand finish first, a second signal ends at once`);
    await server?.close();
    return (await pipeline.stop(DRAIN_MS)) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    await server?.close();
    await pipeline.stop(DRAIN_MS);
    throw error;
  } finally {
    stop.dispose();
  }
}
