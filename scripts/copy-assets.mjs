// Copies what the compiler leaves behind, the Lua and SQL files that stand beside their modules, from src to dist.
import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ASSETS = new Set(['.lua', '.sql']);
const root = fileURLToPath(new URL('..', import.meta.url));
const source = path.join(root, 'src');
const target = path.join(root, 'dist');

const files = readdirSync(source, { recursive: true, withFileTypes: true });
for (const file of files) {
  if (!file.isFile() || !ASSETS.has(path.extname(file.name))) continue;
  const from = path.join(file.parentPath, file.name);
  cpSync(from, path.join(target, path.relative(source, from)));
}
