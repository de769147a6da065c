import { Option as Flag } from 'commander';
import { lstat } from 'node:fs/promises';
import { formatProblem } from '../shared/article/problem.js';
import { loadProfile } from '../shared/config/profile-file.js';
import { UsageError } from '../shared/errors/errors.js';
import { skippedImage } from '../shared/pictures/record-image.js';
import type { Article } from '../shared/record/schema.js';
import type { ScoringProfile } from '../shared/scoring/profile.js';
import { scoreArticle, type Scored } from '../shared/scoring/score.js';
import { readArticleFile, shownPath } from './article-files.js';
import { EXIT, print, printJson, type CommandSpec } from './command.js';
import { printable } from './printable.js';
import { scoreLine } from './score-lines.js';

export const score: CommandSpec = {
  name: 'score',
  args: '<file>',
  summary: 'Show the score of one file line by line; pictures count as declared, for none is fetched.',
  example: 'galley score ./articles/2026-11-24-harbour.md --profile ./profile.json',
  options: [],
  flags: [new Flag('--profile <FILE>', 'scoring profile, JSON (default: the one of the config file)')],
  json: true,
  quiet: true,
  async run({ settings, json, args: [path = ''], flags }) {
    const named = flags['profile'];
    const profile = typeof named === 'string' ? loadProfile(named) : settings.scoring;
    await mustBeFile(path);
    const file = shownPath(path);
    const read = await readArticleFile(path, settings);
    if (!read.ok) {
      const { problems } = read;
      const lines = problems.map((problem) => formatProblem(file, problem));
      await (json ? printJson({ file, problems }) : print(lines.join('\n')));
      return EXIT.failed;
    }
    const scored = scoreDeclared(read.article, profile);
    const { publishThreshold } = profile;
    const { title } = read.article;
    await (json
      ? printJson({ file, title, ...scored, publishThreshold })
      : print(shown(read.article, scored, publishThreshold)));
    return EXIT.ok;
  },
};

async function mustBeFile(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    throw new UsageError(`There is nothing at ${path}.`, { cause: error });
  });
  if (stat.isDirectory()) throw new UsageError(`${path} is a folder; galley score looks at one file.`);
}

/** Scores an article of which no picture is fetched. */
function scoreDeclared(article: Article, profile: ScoringProfile): Scored {
  const images = article.images.map((declared) => skippedImage(declared, 'off'));
  return scoreArticle({ article, images, related: article.related }, profile);
}

function shown(article: Article, { quality, heat, published, scores }: Scored, threshold: number): string {
  const { declared } = scores;
  return [
    printable(article.title),
    `profile ${printable(scores.profile)}; ${published ? 'published' : 'not published'}, from quality ${threshold} on`,
    `quality ${quality}`,
    ...scores.quality.map(scoreLine),
    `heat ${heat}`,
    ...scores.heat.map(scoreLine),
    ...(declared?.quality === undefined ? [] : [`its file says quality ${declared.quality}`]),
  ].join('\n');
}
