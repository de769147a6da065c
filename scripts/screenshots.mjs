// `npm run screenshots`: runs the demo on a terminal of its own and draws what it printed as docs/images/demo.png.
//
// Wants `script` (util-linux) for the terminal and Chromium for the picture: CHROMIUM, or the first that is found.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { terminalPage } from './terminal-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const picture = 'docs/images/demo.png';
const COLUMNS = 100;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** What the command prints on a terminal, colours included. A demo that fails makes no picture. */
async function onTerminal(command) {
  const child = spawn('script', ['-qec', `stty cols ${COLUMNS} rows 60; ${command}`, '/dev/null'], {
    cwd: root,
    env: { ...process.env, REDIS_URL: '', DATABASE_URL: '', NO_COLOR: '', TERM: 'xterm-256color' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
  return output;
}

async function draw(html, file) {
  const executablePath = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('no Chromium was found; name one in CHROMIUM');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ deviceScaleFactor: 2, viewport: { width: 1200, height: 900 } });
    await page.setContent(html);
    await page.locator('main').screenshot({ path: file, omitBackground: true });
  } finally {
    await browser.close();
  }
}

try {
  const output = await onTerminal('npm run --silent demo');
  await mkdir(new URL('../docs/images/', import.meta.url), { recursive: true });
  await draw(terminalPage(output, 'npm run demo'), fileURLToPath(new URL(`../${picture}`, import.meta.url)));
  process.stdout.write(`${picture} shows what the demo prints.\n`);
} catch (error) {
  process.stderr.write(
    `There is no new picture: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
}
