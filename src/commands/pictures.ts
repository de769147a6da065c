import { resolve } from 'node:path';
import { Option as Flag } from 'commander';
import { z } from 'zod';
import { UsageError } from '../shared/errors/errors.js';
import { openPictureStore } from '../shared/pictures/open-store.js';
import { prunePictures, type Pruned } from '../shared/pictures/prune.js';
import type { ArticleRow } from '../shared/state/rows.js';
import type { StateStore } from '../shared/state/contract.js';
import { EXIT, print, printJson, type CommandSpec, type Invocation } from './command.js';
import { withBackend } from './joined.js';

const DEFAULT_DAYS = '30';
const DAY_MS = 24 * 3600 * 1000;
const MAX_DAYS = 36_500;

export const pictures: CommandSpec = {
  name: 'pictures',
  args: '<prune>',
  summary:
    'Drop the pictures, thumbnails and index entries that no stored record points at; also beside a running owner. An image store belongs to one namespace.',
  example: 'galley pictures prune --older-than 90 --dry-run',
  options: ['state', 'namespace', 'store', 'storeEndpoint', 'storeRegion'],
  flags: [
    new Flag('--older-than <DAYS>', 'only what was not used for so many days, at least 1').default(
      DEFAULT_DAYS,
    ),
    new Flag('--dry-run', 'say what would be dropped, and drop nothing'),
  ],
  json: true,
  quiet: true,
  async run(invocation) {
    const [action = ''] = invocation.args;
    if (action !== 'prune') {
      throw new UsageError(
        `galley pictures ${action}: there is no such action; did you mean galley pictures prune?`,
      );
    }
    const days = daysOf(invocation.flags['olderThan']);
    const dryRun = invocation.flags['dryRun'] === true;
    const pruned = await prune(invocation, { days, dryRun });
    if (invocation.json) await printJson({ ...pruned, olderThanDays: days, dryRun });
    else await print(inWords(pruned, dryRun));
    return EXIT.ok;
  },
};

/** Less than a day would race with articles that are under way. */
function daysOf(given: unknown): number {
  const days = Number(given);
  if (!Number.isFinite(days) || days < 1 || days > MAX_DAYS) {
    throw new UsageError(
      `--older-than: ${JSON.stringify(given)} is not a number of days from 1 to ${MAX_DAYS}.`,
    );
  }
  return days;
}

async function prune(
  invocation: Invocation,
  { days, dryRun }: { days: number; dryRun: boolean },
): Promise<Pruned> {
  const { settings } = invocation;
  const { store: at, storeEndpoint, storeRegion } = settings;
  return withBackend(invocation, 'pictures', async ({ state }) => {
    const kept = await openPictureStore({
      stateFolder: resolve(settings.state),
      store: at,
      storeEndpoint,
      storeRegion,
    });
    try {
      const unusedSince = Date.now() - days * DAY_MS;
      return await prunePictures({
        ...kept,
        unusedSince,
        dryRun,
        referenced: () => referencedBy(state),
      });
    } finally {
      kept.close();
    }
  });
}

const bodySchema = z.looseObject({
  images: z.array(z.looseObject({ file: z.string().optional() })).default([]),
});

/** Files of all records, and of those that would take over if their article's first file went. */
async function* referencedBy(state: StateStore): AsyncGenerator<string[]> {
  for await (const page of state.scanArticles()) yield page.flatMap(filesOf);
}

function filesOf({ claim, runnersUp }: ArticleRow): string[] {
  const bodies = [...(claim === null ? [] : [claim.body]), ...runnersUp.map(({ body }) => body)];
  return bodies.flatMap((body) =>
    bodySchema.parse(JSON.parse(body)).images.flatMap(({ file }) => (file === undefined ? [] : [file])),
  );
}

function inWords({ pictures: count, thumbnails, bytes, entries }: Pruned, dryRun: boolean): string {
  const what = `${count} pictures and ${thumbnails} thumbnails of ${(bytes / 1e6).toFixed(1)} MB, ${entries} index entries`;
  return dryRun ? `Would drop ${what}.` : `Dropped ${what}.`;
}
