import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findBinaries } from '../../src/queues/backends/embedded/binaries.js';
import { clusterFolders, ensureCluster } from '../../src/queues/backends/embedded/cluster.js';
import { connectOnce } from '../../src/queues/backends/embedded/connection.js';
import { thisProcess } from '../../src/queues/backends/embedded/liveness.js';
import { freePort, startServer } from '../../src/queues/backends/embedded/server.js';
import { chooseLaunch, serverUser } from '../../src/queues/backends/embedded/server-user.js';
import { query, scratchFolder, silent as log } from './scratch.js';

test('where there are no unix sockets the server listens on the loopback and wants the password', async () => {
  const folders = clusterFolders(scratchFolder());
  const binaries = await findBinaries();
  const user = await serverUser(folders.data);
  await mkdir(folders.root);
  const passwordFile = path.join(folders.root, 'password');
  await writeFile(passwordFile, 'a secret');
  // No socket: any folder that is there will do.
  await ensureCluster({ folders, binaries, user, socketFolder: folders.root, passwordFile, log });
  const launch = await chooseLaunch(user, binaries, folders.data, folders.root);
  const listen = { kind: 'loopback', port: await freePort(), password: 'a secret' } as const;
  const owner = { process: await thisProcess(), role: 'run' };
  const server = await startServer({ folders, binaries, launch, listen, owner, log });
  onTestFinished(() => server.stop());

  expect(server.connection).toMatchObject({ host: '127.0.0.1', port: listen.port });
  expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  const refused = await connectOnce({ ...server.connection, password: 'a guess' });
  expect(String(refused)).toContain('password authentication failed');
});
