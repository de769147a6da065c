import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const command = path.join(root, 'dist/cli.js');
const inputs = ['src', 'scripts/copy-assets.mjs', 'tsconfig.json', 'tsconfig.build.json'];

/** Time of the last change of a file, or of the newest file under a folder, in ms; 0 where there is none. */
function lastChange(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return stat?.mtimeMs ?? 0;
  const under = readdirSync(file).map((name) => lastChange(path.join(file, name)));
  return Math.max(stat.mtimeMs, ...under);
}

/**
 * Builds `dist/` once before the tests when it is missing or older than its sources, since tests of the command run
 * `dist/cli.js`. A build that fails does not stop the tests of the modules, which read the sources: it is told, and
 * the tests of the command show what it means for them.
 */
export default function buildOnce(): void {
  const newest = Math.max(...inputs.map((input) => lastChange(path.join(root, input))));
  if (lastChange(command) > newest) return;
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (build.status === 0) return;
  process.stderr.write(
    `The build of dist/ failed, so tests of the command may too:\n${build.stdout}${build.stderr}\n`,
  );
}
