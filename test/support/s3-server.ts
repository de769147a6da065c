import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The one pair of keys that the server knows. */
export const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Gives every object under this key a time so long ago. */
  age(key: string, ms: number): Promise<void>;
}

/**
 * Starts an S3 server, a process of its own on a free port, with one empty bucket.
 *
 * It is S3rver, which keeps objects as files and answers what the store asks of S3: put, get, head, delete, copy, list by
 * prefix and in pages, missing bucket and key, an unknown access key. It is not the real thing in this: it looks at the
 * access key but does not recompute a version 4 signature; checksums in headers are not looked at; there are no policies,
 * versions or conditional writes; and it is never slow and never says SlowDown.
 */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(path.join(tmpdir(), 'galley-s3-'));
  const bucket = 'pictures';
  const script = fileURLToPath(new URL('s3-server-process.mjs', import.meta.url));
  const child = spawn(process.execPath, ['--openssl-legacy-provider', script, directory, bucket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    exited.then(([code]) => {
      throw new Error(`The S3 server ended with ${String(code)}.`);
    }),
  ])) as [Buffer];
  return {
    endpoint: `http://127.0.0.1:${Number(line)}`,
    bucket,
    async age(key, ms) {
      const then = new Date(Date.now() - ms);
      const folder = path.join(directory, bucket, key);
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) await utimes(path.join(entry.parentPath, entry.name), then, then);
      }
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
