import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArticle } from '../shared/article/parse.js';
import { formatProblem, type Problem } from '../shared/article/problem.js';
import { decodeUtf8 } from '../shared/article/text.js';
import type { Settings } from '../shared/config/settings.js';
import { UsageError } from '../shared/errors/errors.js';
import { isArticleName } from '../watcher/file-names.js';
import { printable } from './printable.js';
import { EXIT, print, printJson, type CommandSpec } from './command.js';

export const check: CommandSpec = {
  name: 'check',
  args: '<paths...>',
  summary: 'Validate files or folders without any queue; print problems as file:line: field: problem.',
  example: 'galley check ./articles',
  options: [],
  json: true,
  quiet: true,
  async run({ settings, json, args }) {
    const files: { file: string; problems: Problem[] }[] = [];
    for (const path of args) {
      for await (const file of articleFiles(path, settings)) {
        files.push({ file: shownPath(file), problems: await problemsOf(file, settings) });
      }
    }
    const bad = files.filter(({ problems }) => problems.length > 0);
    if (json) await printJson({ files: files.length, bad: bad.length, problems: bad });
    else {
      const lines = bad.flatMap(({ file, problems }) =>
        problems.map((problem) => formatProblem(file, problem)),
      );
      await print([...lines, `${files.length} files checked, ${bad.length} with problems`].join('\n'));
    }
    return bad.length > 0 ? EXIT.failed : EXIT.ok;
  },
};

/** A file given by name is checked whatever its ending; a folder's files are those that the watcher would take. */
async function* articleFiles(path: string, settings: Settings): AsyncIterable<string> {
  const stat = await lstat(path).catch((error: unknown) => {
    throw new UsageError(`There is nothing at ${path} to check.`, { cause: error });
  });
  if (!stat.isDirectory()) {
    yield path;
    return;
  }
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = join(path, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* articleFiles(full, settings);
    else if (entry.isFile() && isArticleName(entry.name, settings.extensions)) yield full;
  }
}

async function problemsOf(file: string, { maxFileBytes, timeZone }: Settings): Promise<Problem[]> {
  let bytes: Buffer;
  try {
    const { size } = await lstat(file);
    if (size > maxFileBytes) {
      return [
        {
          code: 'too-large',
          field: '',
          message: `the file has ${size} bytes; at most ${maxFileBytes} are read`,
        },
      ];
    }
    bytes = await readFile(file);
  } catch (error) {
    return [
      {
        code: 'unreadable',
        field: '',
        message: `the file cannot be read (${(error as NodeJS.ErrnoException).code})`,
      },
    ];
  }
  const decoded = decodeUtf8(bytes);
  if ('problem' in decoded) return [decoded.problem];
  const result = parseArticle(decoded.text, {
    format: /\.html?$/i.test(file) ? 'html' : 'markdown',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return result.ok ? [] : result.problems;
}

function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return printable(near === '' || near.startsWith('..') ? file : near);
}
