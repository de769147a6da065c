import { formatProblem, type Problem } from '../shared/article/problem.js';
import { articleFiles, readArticleFile, shownPath } from './article-files.js';
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
        const read = await readArticleFile(file, settings);
        files.push({ file: shownPath(file), problems: read.ok ? [] : read.problems });
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
