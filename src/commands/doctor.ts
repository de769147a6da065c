import { readFile, statfs, access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { withBackend } from './joined.js';
import { sinksOf } from '../pipeline.js';
import { redactUrls } from '../shared/config/redact.js';
import type { SinkSpec } from '../sinks/registry.js';
import { openRoot } from '../watcher/root.js';
import { EXIT, print, printJson, type CommandSpec, type Invocation } from './command.js';

const MIN_FREE_BYTES = 1024 ** 3;
const MIN_INOTIFY_WATCHES = 8192;

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What was found; for a failed check, how to mend it. */
  readonly says: string;
}

export const doctor: CommandSpec = {
  name: 'doctor',
  summary:
    'Check configuration, backend, sinks, folder, inotify limit and disk; say how to mend what is wrong.',
  example: 'galley doctor',
  options: ['inbox', 'out', 'sinks', 'state', 'namespace', 'host', 'port'],
  json: true,
  quiet: true,
  async run(invocation) {
    const findings = [
      { check: 'configuration', ok: true, says: `namespace ${invocation.settings.namespace}` },
      ...(await Promise.all(CHECKS.map((check) => check(invocation)))).flat(),
    ];
    const ok = findings.every((finding) => finding.ok);
    if (invocation.json) await printJson({ ok, findings });
    else
      await print(
        findings.map(({ check, ok: good, says }) => `${good ? 'ok  ' : 'FAIL'} ${check}: ${says}`).join('\n'),
      );
    return ok ? EXIT.ok : EXIT.failed;
  },
};

const CHECKS: readonly ((invocation: Invocation) => Promise<Finding[]>)[] = [
  checkInboxes,
  checkInotify,
  checkBackend,
  checkSinks,
  checkDisk,
];

async function checkInboxes({ settings }: Invocation): Promise<Finding[]> {
  return Promise.all(
    settings.inbox.map(async (spec) => {
      const dir = spec.replace(/^[^=/]+=/, '');
      return attempt('inbox', async () => {
        const root = await openRoot({ dir });
        await access(root.dir, constants.R_OK | constants.X_OK);
        return root.dir;
      });
    }),
  );
}

async function checkInotify(): Promise<Finding[]> {
  if (process.platform !== 'linux') return [];
  return [
    await attempt('inotify', async () => {
      const watches = Number(await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
      if (watches < MIN_INOTIFY_WATCHES) {
        throw new Error(
          `only ${watches} watches are allowed; raise them: sysctl fs.inotify.max_user_watches=524288`,
        );
      }
      return `${watches} watches allowed; one is used for each folder`;
    }),
  ];
}

async function checkBackend(invocation: Invocation): Promise<Finding[]> {
  return [
    await attempt('backend', () =>
      withBackend(invocation, 'doctor', async ({ name, address, state }) => {
        const ms = await state.ping();
        return `${name} at ${address} answers in ${ms.toFixed(1)} ms`;
      }),
    ),
  ];
}

async function checkSinks({ settings }: Invocation): Promise<Finding[]> {
  let specs: SinkSpec[];
  try {
    specs = sinksOf(settings);
  } catch (error) {
    return [{ check: 'sinks', ok: false, says: saying(error) }];
  }
  return Promise.all(
    specs.map((spec) =>
      attempt(`sink ${spec.name}`, async () => {
        await spec.create({ namespace: settings.namespace, inboxes: [] }).check();
        return redactUrls(spec.url);
      }),
    ),
  );
}

async function checkDisk({ settings }: Invocation): Promise<Finding[]> {
  return [
    await attempt('disk', async () => {
      const { bavail, bsize } = await freeSpace(resolve(settings.state));
      const free = bavail * bsize;
      const shown = `${(free / 1024 ** 3).toFixed(1)} GiB free for ${settings.state}`;
      if (free < MIN_FREE_BYTES) throw new Error(`only ${shown}; make room, or give --state another place`);
      return shown;
    }),
  ];
}

/** Of the folder, or of the nearest one above it that is there. */
async function freeSpace(path: string): Promise<{ bavail: number; bsize: number }> {
  try {
    return await statfs(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) throw error;
    return freeSpace(parent);
  }
}

async function attempt(check: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, says: await work() };
  } catch (error) {
    return { check, ok: false, says: saying(error) };
  }
}

function saying(error: unknown): string {
  return redactUrls(error instanceof Error ? error.message : String(error));
}
