// `npm run demo`: the whole pipeline over `samples/`, with a picture host of its own, in a few seconds.
//
// It runs `galley ingest` twice over one temporary inbox: once over all samples but the correction, then with the
// correction dropped in, so that one article is seen to be created and then updated.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { outcomes, painter, recordTable, troubleLines } from './demo-report.mjs';
import { SAMPLE_ORIGIN, startPictureHost } from './sample-pictures.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const command = path.join(root, 'dist/cli.js');
const samples = path.join(root, 'samples');
const records = path.join('outbox', 'demo', 'records.ndjson');
const correction = 'harbour-ferry-corrected.md';

/** Exit codes of `ingest` with which the demo goes on: everything delivered, or some files rejected. */
const finished = new Set([0, 2]);

const isTerminal = process.stdout.isTTY === true;
const paint = painter(isTerminal && !process.env.NO_COLOR);
const print = (text = '') => process.stdout.write(`${text}\n`);

async function main() {
  if (!existsSync(command)) throw new Error('dist/cli.js is missing; build it with: npm run build');
  const files = (await readdir(samples)).filter((name) => name.endsWith('.md')).sort();
  const work = await mkdtemp(path.join(tmpdir(), 'galley-demo-'));
  const host = await startPictureHost();
  try {
    await rm(path.join(root, path.dirname(records)), { recursive: true, force: true });
    await showPipeline({ files, work, host, namespace: `galley-demo-${randomBytes(4).toString('hex')}` });
  } finally {
    await host.close();
    await rm(work, { recursive: true, force: true });
  }
}

async function showPipeline({ files, work, host, namespace }) {
  const inbox = path.join(work, 'inbox');
  await mkdir(inbox);
  const drop = async (name) => {
    const text = await readFile(path.join(samples, name), 'utf8');
    await writeFile(path.join(inbox, name), text.replaceAll(SAMPLE_ORIGIN, host.origin));
  };
  const place = ['--state', path.join(work, 'state'), '--namespace', namespace];
  const ingest = async () => {
    const output = ['--out', path.join(root, records), '--json'];
    const out = await galley(['ingest', inbox, ...place, ...output, '--allow-host', host.address]);
    return JSON.parse(out.trimEnd().split('\n').at(-1));
  };

  const first = files.filter((name) => name !== correction);
  print(paint('bold', 'Galley demo') + paint('dim', ` on ${backendName()}`));
  await Promise.all(first.map(drop));
  print(`1. ${first.length} files dropped into the inbox`);
  print(`   ${summary(await ingest())}`);
  await drop(correction);
  print(`2. ${correction} dropped beside them`);
  print(`   ${summary(await ingest())}`);

  // The embedded backend goes with its folder; what stands on a server of yours is cleared away.
  if (!isEmbedded()) await galley(['reset', ...place, '--yes']);
  await printOutcome(files);
}

async function printOutcome(files) {
  const lines = (await readFile(path.join(root, records), 'utf8')).trimEnd().split('\n');
  const told = outcomes(
    lines.map((line) => JSON.parse(line)),
    files,
  );
  print(`\n${recordTable(told, terminalWidth(), paint)}\n`);
  for (const line of troubleLines(told, terminalWidth(), paint)) print(line);
  printNextSteps(lines.length);
}

/**
 * Runs the command; answers what it prints. What it logs is shown only if it fails.
 * It is a process group of its own, so that a Ctrl-C reaches it once, from here: it drains, and the demo tidies up.
 */
async function galley(args) {
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [command, ...args], { cwd: root, stdio, detached: true });
  let out = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const passOn = (signal) => child.kill(signal);
  process.on('SIGTERM', passOn).on('SIGINT', passOn);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (...end) => resolve(end));
  });
  process.off('SIGTERM', passOn).off('SIGINT', passOn);
  if (!finished.has(code))
    throw new Error(`galley ${args[0]} ended with ${signal ?? code}:\n${log.slice(-2000)}`);
  return out;
}

/** Columns of the terminal; where there is none, those that COLUMNS asks for. */
function terminalWidth() {
  return process.stdout.columns ?? (Number(process.env.COLUMNS) || 100);
}

function isEmbedded() {
  return !process.env.REDIS_URL && !process.env.DATABASE_URL;
}

function backendName() {
  if (process.env.REDIS_URL) return 'Redis (REDIS_URL)';
  if (process.env.DATABASE_URL) return 'PostgreSQL (DATABASE_URL)';
  return 'the embedded backend';
}

function summary({ delivered, unchanged, rejected, superseded, images, seconds }) {
  const counts = [
    [delivered, 'delivered'],
    [unchanged, 'unchanged'],
    [superseded, 'superseded'],
    [rejected, 'rejected'],
    [images.verified + images.cached, 'pictures ok'],
    [images.failed, 'bad'],
  ].filter(([count]) => count > 0);
  return `${counts.map(([count, what]) => `${count} ${what}`).join(', ')}, ${seconds.toFixed(1)} s`;
}

function printNextSteps(count) {
  print(`\n${paint('bold', 'Records')}: ${records} (${count} CloudEvents, one a line)`);
  print(`\n${paint('bold', 'Next')}`);
  print('  npx galley check samples        what is wrong with the rejected one, and where');
  print('  npm start                       then drop an article into ./inbox');
  print('  tail -f outbox/records.ndjson   and see its record come out');
}

// A reader that has seen enough, such as `head`, closes the pipe: that is no failure.
process.stdout.on('error', () => {});

try {
  await main();
} catch (error) {
  process.stderr.write(`The demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
