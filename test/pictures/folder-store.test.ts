import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pictureStoreContract } from '../contracts/picture-store.js';

pictureStoreContract('a folder', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'galley-store-'));
  return {
    async fresh() {
      const stateFolder = await mkdtemp(path.join(root, 'state-'));
      const age = async (ms: number): Promise<void> => {
        const then = new Date(Date.now() - ms);
        for (const entry of await readdir(stateFolder, { recursive: true, withFileTypes: true })) {
          if (entry.isFile()) await utimes(path.join(entry.parentPath, entry.name), then, then);
        }
      };
      return { location: { stateFolder }, age };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
});
