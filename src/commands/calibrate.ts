import { InvalidArgumentError, Option as Flag } from 'commander';
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { UsageError } from '../shared/errors/errors.js';
import { skippedImage } from '../shared/pictures/record-image.js';
import { calibrate as fitAndReport, LEAST_SCORED } from '../shared/scoring/calibration/calibrate.js';
import type { Calibration, Report } from '../shared/scoring/calibration/calibrate.js';
import type { Example } from '../shared/scoring/calibration/examples.js';
import type { Measures } from '../shared/scoring/calibration/measures.js';
import type { Settings } from '../shared/config/settings.js';
import { articleFiles, readArticleFile } from './article-files.js';
import { EXIT, print, printJson, type CommandSpec } from './command.js';
import { printable } from './printable.js';

const DEFAULT_SEED = 1;

export const calibrate: CommandSpec = {
  name: 'calibrate',
  args: '<dir>',
  summary:
    'Fit a scoring profile to files that carry quality. Fits each half and measures it on the other, then fits all.',
  example: 'galley calibrate ./scored-articles --out ./profile.json',
  options: [],
  flags: [
    new Flag('--out <FILE>', 'write the profile, JSON, to this file (default: standard output)'),
    new Flag('--seed <N>', `another way to halve the files (default ${DEFAULT_SEED})`).argParser(wholeNumber),
  ],
  json: true,
  quiet: true,
  async run({ settings, json, args: [dir = ''], flags }) {
    const seed = typeof flags['seed'] === 'number' ? flags['seed'] : DEFAULT_SEED;
    const out = typeof flags['out'] === 'string' ? flags['out'] : undefined;
    const found = await readExamples(dir, settings);
    const { examples, invalid, unscored } = found;
    const told = `${examples.length} files carry a quality, ${unscored} do not, ${invalid} are invalid`;
    if (examples.length < LEAST_SCORED) {
      const error = `${told}; at least ${LEAST_SCORED} that do are needed.`;
      await (json ? printJson({ error, scored: examples.length, unscored, invalid }) : print(error));
      return EXIT.failed;
    }
    const calibration = fitAndReport(examples, settings.scoring, seed);
    const profile = `${JSON.stringify(calibration.profile, null, 2)}\n`;
    if (out !== undefined) await write(out, profile);
    if (json) await printJson({ scored: examples.length, unscored, invalid, seed, ...calibration });
    else
      await print(
        [told, ...shown(calibration, seed), out === undefined ? profile : `Written to ${out}.`].join('\n'),
      );
    return EXIT.ok;
  },
};

/** Commander tells what this throws as wrong usage. */
function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(text);
}

interface Found {
  readonly examples: Example[];
  readonly invalid: number;
  readonly unscored: number;
}

async function readExamples(dir: string, settings: Settings): Promise<Found> {
  const examples: Example[] = [];
  let [invalid, unscored] = [0, 0];
  for await (const path of articleFiles(dir, settings)) {
    const read = await readArticleFile(path, settings);
    if (!read.ok) {
      invalid++;
      continue;
    }
    const { article } = read;
    const { quality, published } = article.declaredScores ?? {};
    if (quality === undefined) {
      unscored++;
      continue;
    }
    // No picture is fetched: that a host is down today must not count against an article of years ago.
    const images = article.images.map((declared) => skippedImage(declared, 'off'));
    const wanted = { quality, ...(published === undefined ? {} : { published }) };
    examples.push({ key: relative(dir, path), article, images, wanted });
  }
  return { examples, invalid, unscored };
}

/** @throws UsageError when it cannot be written there */
async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`--out: ${file} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}

function shown({ folds, before, weights, mostCommonProvider }: Calibration, seed: number): string[] {
  const others = `others than ${printable(mostCommonProvider ?? '?')}`;
  const report = ({ all, others: rest }: Report): string[] => [
    `  ${'all files'.padEnd(others.length)}  ${figures(all)}`,
    `  ${others}  ${figures(rest)}`,
  ];
  return [
    ...folds.flatMap((fold) => [
      `Fitted to ${fold.trainedOn} files, measured on the other ${fold.all.files} (seed ${seed}):`,
      ...report(fold),
    ]),
    'The profile in force, on all files:',
    ...report(before),
    'Weights fitted to all files, and how many of them show each:',
    ...weights.map(
      ({ weight, points, examples }) => `  ${String(points).padStart(5)}  ${printable(weight)} (${examples})`,
    ),
  ];
}

function figures({ files, rho, auc, accuracy }: Measures): string {
  const figure = (value: number | null): string => (value === null ? 'unknown' : value.toFixed(3));
  return `${files} files: rho ${figure(rho)}, AUC ${figure(auc)}, published alike ${figure(accuracy)}`;
}
