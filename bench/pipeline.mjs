import { join } from 'node:path';
import { STAGE_QUEUES } from '../dist/queues/names.js';
import { Pipeline } from '../dist/pipeline.js';
import { resolveSettings } from '../dist/shared/config/resolve.js';
import { createLogger } from '../dist/shared/logging/logger.js';
import { scanRoot } from '../dist/watcher/scan.js';

const log = createLogger({ level: 'warn', pretty: false, colour: false });

/** A pipeline in this process over `paths`, delivering to an ndjson file that is flushed to disk with each batch. */
export async function startPipeline({ work, redisUrl, namespace, paths, concurrency }) {
  const env = redisUrl ? { REDIS_URL: redisUrl } : {};
  const flags = { state: join(work, 'state'), out: join(work, `${namespace}.ndjson`), namespace };
  const file = { path: 'bench', data: { concurrency } };
  const settings = resolveSettings({ flags, env, file });
  return Pipeline.start({
    settings,
    roles: { watch: false, stages: STAGE_QUEUES, deliver: true },
    role: 'ingest',
    log,
    paths,
  });
}

/** @returns articles a second, from the first look at the folder to the last event in the sink */
export async function measureRoot(pipeline, root, count) {
  const started = performance.now();
  const report = await scanRoot(
    root,
    pipeline.scanOptions(),
    pipeline.watchPorts(),
    new AbortController().signal,
  );
  await pipeline.intake.settled();
  const { last } = await pipeline.backend.state.logExtent();
  const names = pipeline.sinks.map(({ name }) => name);
  while (
    (await pipeline.backend.state.sinks()).some(({ name, number }) => names.includes(name) && number < last)
  ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const seconds = (performance.now() - started) / 1000;
  if (report.read !== count) throw new Error(`${report.read} of ${count} articles were read`);
  return count / seconds;
}
