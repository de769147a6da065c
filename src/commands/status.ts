import Table from 'cli-table3';
import { deliveryQueue, STAGE_QUEUES } from '../queues/names.js';
import type { Backend } from '../queues/backends/contract.js';
import { EXIT, print, printJson, type CommandSpec } from './command.js';
import { withBackend } from './joined.js';

const COUNTED = ['waiting', 'active', 'delayed', 'waiting-children', 'failed'] as const;

export const status: CommandSpec = {
  name: 'status',
  summary: 'Show queues, articles, and sinks with their lag.',
  example: 'galley status --json',
  options: ['state', 'namespace'],
  json: true,
  quiet: true,
  async run(invocation) {
    const report = await withBackend(invocation, 'status', reportOf);
    await (invocation.json ? printJson(report) : print(shown(report)));
    return EXIT.ok;
  },
};

type Report = Awaited<ReturnType<typeof reportOf>>;

async function reportOf(backend: Backend) {
  const { state } = backend;
  const [counts, log, sinks] = await Promise.all([state.counts(), state.logExtent(), state.sinks()]);
  const names = [...STAGE_QUEUES, ...sinks.map(({ name }) => deliveryQueue(name))];
  const queues = await Promise.all(
    names.map(async (name) => {
      const queue = backend.queue(name);
      try {
        return { name, ...(await queue.getJobCounts(...COUNTED)) };
      } finally {
        await queue.close();
      }
    }),
  );
  return {
    backend: { name: backend.name, address: backend.address },
    articles: counts.articles,
    sources: counts.sources,
    rejected: counts.rejected,
    log: { id: state.logId, first: log.first, last: log.last },
    queues: queues as ({ name: string } & Partial<Record<(typeof COUNTED)[number], number>>)[],
    sinks: sinks.map(({ name, number, deadLetters, trouble, movedAt }) => ({
      name,
      place: number,
      lag: Math.max(0, log.last - number),
      deadLetters,
      trouble,
      movedAt: movedAt === 0 ? null : new Date(movedAt).toISOString(),
    })),
  };
}

function shown(report: Report): string {
  const queues = new Table({
    head: ['queue', ...COUNTED.map((name) => (name === 'waiting-children' ? 'on pictures' : name))],
    style: STYLE,
  });
  for (const queue of report.queues) queues.push([queue.name, ...COUNTED.map((name) => queue[name] ?? 0)]);
  const sinks = new Table({ head: ['sink', 'place', 'lag', 'dead letters', 'trouble'], style: STYLE });
  for (const { name, place, lag, deadLetters, trouble } of report.sinks) {
    sinks.push([name, place, lag, deadLetters, trouble === '' ? '-' : trouble]);
  }
  return [
    `${report.articles} articles from ${report.sources} files, ${report.rejected} rejected; ${report.log.last} events; backend ${report.backend.name} (${report.backend.address})`,
    queues.toString(),
    report.sinks.length > 0 ? sinks.toString() : 'No sink is registered yet.',
  ].join('\n');
}

/** Without the table library's own colours, which it writes even where none are wanted. */
const STYLE = { head: [], border: [] };
