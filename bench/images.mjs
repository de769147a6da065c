// npm run bench -- images [--pictures N] [--runs N] [--concurrency N]
// Pictures a second fetched, verified and kept by the picture step, against bare undici fetching the same bytes and
// throwing them away: the same host, connections and concurrency, one after the other in each run. Between the two stands
// what nothing that verifies can do without: bare undici and one decoding of each picture, nothing kept. Measured from a
// host on this machine that answers at once, and from the same host answering as late as a near one on the internet.
// A table, and one line of JSON. The time on the processor tells more than the rate where the machine has other work.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import sharp from 'sharp';
import { Agent } from 'undici';
import { parseAllowedHost } from '../dist/shared/fetch/allow-list.js';
import { DEFAULT_FETCH_LIMITS } from '../dist/shared/fetch/limits.js';
import { createSafeFetch } from '../dist/shared/fetch/safe-fetch.js';
import { configureSharp } from '../dist/shared/pictures/decoder.js';
import { fetchPictureOutcome, openPictures } from '../dist/shared/pictures/picture.js';
import { machine } from './machine.mjs';
import { makePhotos } from './photos.mjs';

const LATENCIES_MS = [0, 50];
const SIDES = { bare: fetchBare, decoded: fetchAndDecode, kept: fetchAndKeep };

export async function benchImages({ pictures, runs, concurrency }) {
  const work = mkdtempSync(join(tmpdir(), 'galley-bench-'));
  try {
    const photos = await makePhotos(join(work, 'photos'), pictures);
    await configureSharp();
    const results = [];
    for (const latencyMs of LATENCIES_MS) {
      const host = await startHost(join(work, 'photos'), latencyMs);
      try {
        const setup = { host, names: photos.map(({ name }) => name), runs, concurrency, work };
        results.push({ latencyMs, ...(await measureHost(setup)) });
      } finally {
        await host.stop();
      }
    }
    report(results, { photos, runs, concurrency });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** All sides one after the other in each run, so that whatever else the machine does meets all; the middle ratio counts. */
async function measureHost({ host, names, runs, concurrency, work }) {
  const urls = names.map((name) => `${host.origin}/${name}`);
  const rounds = [];
  // The first round warms all sides up.
  for (let run = 0; run <= runs; run++) {
    const round = {};
    for (const [side, measure] of Object.entries(SIDES)) {
      const stateFolder = mkdtempSync(join(work, 'state-'));
      round[side] = await measure({ urls, concurrency, stateFolder, port: host.port });
      rmSync(stateFolder, { recursive: true, force: true });
    }
    round.ratio = round.kept.perSecond / round.bare.perSecond;
    if (run > 0) rounds.push(round);
  }
  const middle = rounds.toSorted((a, b) => a.ratio - b.ratio)[Math.floor(rounds.length / 2)];
  return { ...middle, ratios: rounds.map(({ ratio }) => Number(ratio.toFixed(2))) };
}

async function startHost(folder, latencyMs) {
  const script = fileURLToPath(new URL('photo-host.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder, String(latencyMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(line);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

async function fetchBare({ urls, concurrency }) {
  const agent = new Agent({ connections: DEFAULT_FETCH_LIMITS.connectionsPerHost });
  const measured = await timed(urls, concurrency, async (url) => {
    const { body } = await request(agent, url);
    await body.dump({ limit: Number.MAX_SAFE_INTEGER });
  });
  await agent.close();
  return measured;
}

async function fetchAndDecode({ urls, concurrency }) {
  const agent = new Agent({ connections: DEFAULT_FETCH_LIMITS.connectionsPerHost });
  const measured = await timed(urls, concurrency, async (url) => {
    const { body } = await request(agent, url);
    const bytes = Buffer.from(await body.arrayBuffer());
    await sharp(bytes, { failOn: 'truncated', sequentialRead: true }).resize(16).raw().toBuffer();
  });
  await agent.close();
  return measured;
}

function request(agent, url) {
  const { origin, pathname } = new URL(url);
  return agent.request({ origin, path: pathname, method: 'GET' });
}

async function fetchAndKeep({ urls, concurrency, stateFolder, port }) {
  const fetch = createSafeFetch({
    userAgent: 'Galley/bench',
    allowHosts: [parseAllowedHost(`127.0.0.1:${port}`)],
  });
  const deps = await openPictures({ fetch, stateFolder });
  const measured = await timed(urls, concurrency, async (url) => {
    const { image, detail } = await fetchPictureOutcome({ declared: { url }, deps });
    if (image.status !== 'verified') throw new Error(`${url}: ${image.reason} ${detail}`);
  });
  deps.close();
  await fetch.close();
  return measured;
}

/** @returns pictures a second, and milliseconds of this process on the processors for each */
async function timed(urls, concurrency, work) {
  const left = urls.values();
  const started = performance.now();
  const before = process.cpuUsage();
  const lane = async () => {
    for (const url of left) await work(url);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const { user, system } = process.cpuUsage(before);
  return {
    perSecond: Math.round((urls.length / (performance.now() - started)) * 1000),
    cpuMs: Number(((user + system) / 1000 / urls.length).toFixed(2)),
  };
}

function report(results, { photos, runs, concurrency }) {
  const table = new Table({
    head: [
      'host answers after',
      'bare undici/s',
      'and decoded/s',
      'verified and kept/s',
      'ratio',
      'CPU ms each',
    ],
    style: { head: [], border: [] },
  });
  for (const { latencyMs, bare, decoded, kept, ratio } of results) {
    const cpu = [bare, decoded, kept].map(({ cpuMs }) => cpuMs).join(' | ');
    table.push([`${latencyMs} ms`, bare.perSecond, decoded.perSecond, kept.perSecond, ratio.toFixed(2), cpu]);
  }
  console.log(table.toString());
  const megabytes = Number((photos.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1));
  const pictures = photos.length;
  console.log(
    JSON.stringify({ measure: 'images', pictures, megabytes, runs, concurrency, machine, results }),
  );
}
