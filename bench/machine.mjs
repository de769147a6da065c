import { cpus, totalmem } from 'node:os';

/** What was measured on: a number without it says nothing. */
export const machine = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
};
