import { createRequire } from 'node:module';

interface PackageJson {
  readonly version: string;
  readonly homepage?: string;
}

const { version, homepage } = createRequire(import.meta.url)('../../../package.json') as PackageJson;

/** This package: its version, and where whoever is fetched from can reach those who made it. */
export const PACKAGE = { version, contact: homepage ?? 'https://www.npmjs.com/package/galley' } as const;
