import { formatProblem } from '../shared/article/problem.js';
import { EXIT, print, printJson, type CommandSpec } from './command.js';
import { printable } from './printable.js';
import { withBackend } from './joined.js';

export const rejected: CommandSpec = {
  name: 'rejected',
  summary: 'List the files that were rejected, with every problem.',
  example: 'galley rejected',
  options: ['state', 'namespace'],
  json: true,
  quiet: true,
  async run(invocation) {
    const files = await withBackend(invocation, 'rejected', async ({ state }) => {
      const found = [];
      for await (const page of state.rejectedSources()) {
        for (const { key, path, at, articleId, problems } of page) {
          found.push({ key, path, at: new Date(at).toISOString(), articleId, problems: problems ?? [] });
        }
      }
      return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    });
    if (invocation.json) await printJson({ rejected: files });
    else {
      const lines = files.flatMap(({ path, problems }) =>
        problems.map((problem) => formatProblem(printable(path), problem)),
      );
      await print(
        [
          ...lines,
          files.length === 0
            ? 'No file is rejected.'
            : `${files.length === 1 ? '1 file' : `${files.length} files`} rejected; correct and drop again`,
        ].join('\n'),
      );
    }
    return EXIT.ok;
  },
};
