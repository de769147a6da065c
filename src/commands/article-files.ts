import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArticle, type ParsedArticle } from '../shared/article/parse.js';
import type { Problem } from '../shared/article/problem.js';
import { decodeUtf8 } from '../shared/article/text.js';
import type { Settings } from '../shared/config/settings.js';
import { UsageError } from '../shared/errors/errors.js';
import { isArticleName } from '../watcher/file-names.js';
import { printable } from './printable.js';

/**
 * The article files at a path. A file given by name counts whatever its ending; a folder's are those that the watcher
 * would take, in order of their names.
 * @throws UsageError when there is nothing at the path.
 */
export async function* articleFiles(path: string, settings: Settings): AsyncIterable<string> {
  const stat = await lstat(path).catch((error: unknown) => {
    throw new UsageError(`There is nothing at ${path}.`, { cause: error });
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

/** The article that a file holds, or everything that is wrong with it; that it cannot be read is a problem, too. */
export async function readArticleFile(
  file: string,
  { maxFileBytes, timeZone }: Settings,
): Promise<ParsedArticle> {
  let bytes: Buffer;
  try {
    const { size } = await lstat(file);
    if (size > maxFileBytes) {
      return bad('too-large', `the file has ${size} bytes; at most ${maxFileBytes} are read`);
    }
    bytes = await readFile(file);
  } catch (error) {
    return bad('unreadable', `the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const decoded = decodeUtf8(bytes);
  if ('problem' in decoded) return { ok: false, problems: [decoded.problem] };
  return parseArticle(decoded.text, {
    format: /\.html?$/i.test(file) ? 'html' : 'markdown',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
}

function bad(code: Problem['code'], message: string): ParsedArticle {
  return { ok: false, problems: [{ code, field: '', message }] };
}

/** A file's path as it is shown: from here where it is under here. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return printable(near === '' || near.startsWith('..') ? file : near);
}
