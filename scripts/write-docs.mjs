// `npm run docs`: writes what the docs take from the code. With `--check` it writes nothing and fails when they are stale.
//
// So far that is the table of flags and variables in README.md.

import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { OPTIONS } from '../dist/shared/config/options.js';
import { optionsTable } from './options-table.mjs';

const readme = new URL('../README.md', import.meta.url);
const START = '<!-- options: written by npm run docs -->';
const END = '<!-- /options -->';

/** The text with what stands between the two marks replaced. */
function between(text, content) {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start === -1 || end < start) throw new Error(`README.md lacks the marks ${START} and ${END}`);
  return `${text.slice(0, start + START.length)}\n\n${content}\n\n${text.slice(end)}`;
}

const before = await readFile(readme, 'utf8');
const config = await resolveConfig(readme);
const after = await format(between(before, optionsTable(OPTIONS)), { ...config, parser: 'markdown' });
if (process.argv.includes('--check')) {
  if (after !== before) {
    process.stderr.write('README.md is stale: run npm run build && npm run docs.\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(readme, after);
}
