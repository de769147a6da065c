// npm run bench [-- --articles N --runs N --concurrency N --backend redis|embedded], or npm run bench -- images (images.mjs)
// Articles a second through the whole pipeline, against BullMQ doing one no-op job an article: the same process, backend
// and concurrency. A table, and one line of JSON.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { makeCorpus } from './corpus.mjs';
import { machine } from './machine.mjs';
import { measureNoop } from './noop.mjs';
import { measureRoot, startPipeline } from './pipeline.mjs';
import { startRedis } from './redis.mjs';

const WARM_UP = 1000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pictures: { type: 'string', default: '200' },
    articles: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '8' },
    backend: { type: 'string', default: 'redis,embedded' },
  },
});
const articles = Number(values.articles);
const runs = Number(values.runs);
const concurrency = Number(values.concurrency);

if (!existsSync(new URL('../dist/pipeline.js', import.meta.url))) {
  console.error('dist/ is missing: run npm run build first');
  process.exit(1);
}

if (positionals[0] === 'images') {
  const { benchImages } = await import('./images.mjs');
  // As many at once as the images stage of one process runs: three times the concurrency.
  await benchImages({ pictures: Number(values.pictures), runs, concurrency: concurrency * 3 });
  process.exit(0);
}

const work = mkdtempSync(join(tmpdir(), 'galley-bench-'));
const results = [];
try {
  makeCorpus(join(work, 'warm-up'), WARM_UP, 100);
  for (let run = 0; run < runs; run++) makeCorpus(join(work, `articles-${run}`), articles, run + 1);
  for (const backend of values.backend.split(',')) {
    const result = await measureBackend(backend);
    if (result) results.push(result);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const table = new Table({
  head: ['backend', 'articles/s', 'no-op jobs/s', 'ratio'],
  style: { head: [], border: [] },
});
for (const { backend, articlesPerSecond, noopPerSecond, ratio } of results) {
  table.push([backend, articlesPerSecond, noopPerSecond, ratio]);
}
console.log(table.toString());
console.log(JSON.stringify({ measure: 'articles', articles, runs, concurrency, machine, results }));
process.exit(0);

/** Both sides one after the other in each run, so that whatever else the machine does meets both; the median counts. */
async function measureBackend(backend) {
  const home = join(work, backend);
  mkdirSync(home);
  const redis = backend === 'redis' ? await startRedis(home) : null;
  if (backend === 'redis' && !redis) {
    console.error('There is no redis-server on the path: Redis is not measured.');
    return null;
  }
  const folders = Array.from({ length: runs }, (_, run) => join(work, `articles-${run}`));
  const pipeline = await startPipeline({
    work: home,
    redisUrl: redis?.url,
    namespace: 'bench',
    paths: [join(work, 'warm-up'), ...folders],
    concurrency,
  });
  try {
    const [warmUp, ...roots] = pipeline.roots;
    await measureRoot(pipeline, warmUp, WARM_UP);
    await measureNoop(pipeline.backend, { count: WARM_UP, concurrency, payloadBytes: 16 });
    const pairs = [];
    for (const root of roots) {
      const noop = await measureNoop(pipeline.backend, { count: articles, concurrency, payloadBytes: 16 });
      const full = await measureRoot(pipeline, root, articles);
      pairs.push({ noop, full, ratio: full / noop });
    }
    const middle = pairs.toSorted((a, b) => a.ratio - b.ratio)[Math.floor(pairs.length / 2)];
    return {
      backend,
      articlesPerSecond: Math.round(middle.full),
      noopPerSecond: Math.round(middle.noop),
      ratio: Number(middle.ratio.toFixed(2)),
    };
  } finally {
    await pipeline.stop(10_000);
    await redis?.stop();
  }
}
