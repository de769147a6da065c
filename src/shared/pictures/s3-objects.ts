import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectInfo, ObjectStore } from './objects.js';
import { ImageStoreClientError, ImageStoreError } from './store-error.js';

/**
 * Keeps pictures in a bucket, for several machines: AWS S3, or any server that speaks its API. An object is there whole
 * or not at all, as S3 itself has it. Credentials are found by the client where AWS's own tools find them: the
 * environment, the shared files, the machine's role.
 *
 * The address is the operator's own, not content's, so it is not asked through the safe fetch.
 */
export interface S3Options {
  readonly bucket: string;
  /** Before all keys, without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Of a server other than AWS's: it is then asked by path, as most of these want it. */
  readonly endpoint?: string | undefined;
  /** Where it is not given the client looks for it; servers other than AWS's take any. */
  readonly region?: string | undefined;
}

type Sdk = typeof import('@aws-sdk/client-s3');

/** One client of a bucket, for the several places under its prefix. */
export interface Bucket {
  readonly location: string;
  /** The objects under `<prefix>/<folder>/`. */
  under(folder: string): ObjectStore;
  /** Asks whether the bucket is there and may be listed. Throws ImageStoreError. */
  check(): Promise<void>;
  close(): void;
}

/** What a server that does not answer is given. Pictures are small; a slow one is worse than one tried again. */
const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true } as const;
const ATTEMPTS = 3;
const SERVER_REGION = 'us-east-1';

/** Loads the S3 client. Nothing is asked of the server yet. Throws ImageStoreClientError where it is not installed. */
export async function openBucket(options: S3Options): Promise<Bucket> {
  const sdk = await loadSdk();
  const { bucket, prefix, endpoint } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : SERVER_REGION);
  const client = new sdk.S3Client({
    maxAttempts: ATTEMPTS,
    requestHandler: TIMEOUTS,
    // Servers other than AWS's do not all know the newer checksums; the signature covers the bytes already.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
  });
  const root = prefix === '' ? '' : `${prefix}/`;
  const location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  return {
    location,
    under: (folder) =>
      objectsUnder(`${root}${folder}/`, { sdk, client, bucket, location: `${location}/${folder}` }),
    async check() {
      await guarded('list', location, () =>
        client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: root, MaxKeys: 1 })),
      );
    },
    close: () => client.destroy(),
  };
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    throw new ImageStoreClientError(
      'An image store at s3://… needs a client that is not installed: npm install @aws-sdk/client-s3.',
      { cause },
    );
  }
}

interface Place {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly bucket: string;
  readonly location: string;
}

function objectsUnder(root: string, { sdk, client, bucket, location }: Place): ObjectStore {
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: `${root}${key}` });
  const info = async (key: string): Promise<ObjectInfo | null> =>
    ifThere(async () => {
      const { ContentLength, LastModified } = await client.send(new sdk.HeadObjectCommand(at(key)));
      return infoOf(key, ContentLength, LastModified);
    }, null);
  return {
    location,
    info: (key) => guarded('look for', key, () => info(key)),
    read: (key, maxBytes) =>
      guarded('read', key, () =>
        ifThere(async () => {
          const { Body, ContentLength } = await client.send(new sdk.GetObjectCommand(at(key)));
          if (Body === undefined) return null;
          if (maxBytes === undefined || (ContentLength ?? 0) <= maxBytes) {
            return Buffer.from(await Body.transformToByteArray());
          }
          // An unread body would hold its connection.
          await Body.transformToWebStream().cancel();
          return null;
        }, null),
      ),
    write: (key, bytes, contentType) =>
      guarded('write', key, async () => {
        await client.send(new sdk.PutObjectCommand({ ...at(key), Body: bytes, ContentType: contentType }));
      }),
    touch: (key) =>
      guarded('touch', key, () => ifThere(() => copyOntoItself(at(key), { sdk, client }), false)),
    list: () => pagesUnder(root, { sdk, client, bucket, location }),
    remove: (key, unlessSince) =>
      guarded('remove', key, async () => {
        const found = await info(key);
        if (found === null) return true;
        if (found.modifiedAt >= unlessSince) return false;
        await client.send(new sdk.DeleteObjectCommand(at(key)));
        return true;
      }),
  };
}

/** S3 lets nobody set a time; a copy onto itself with its metadata written anew gets the present one. */
async function copyOntoItself(
  { Bucket, Key }: { Bucket: string; Key: string },
  { sdk, client }: Pick<Place, 'sdk' | 'client'>,
): Promise<boolean> {
  const { ContentType } = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }));
  const CopySource = `/${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
  await client.send(
    new sdk.CopyObjectCommand({
      Bucket,
      Key,
      CopySource,
      MetadataDirective: 'REPLACE',
      ...(ContentType === undefined ? {} : { ContentType }),
    }),
  );
  return true;
}

async function* pagesUnder(
  root: string,
  { sdk, client, bucket, location }: Place,
): AsyncGenerator<ObjectInfo[]> {
  try {
    const pages = sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: root });
    for await (const { Contents = [] } of pages) {
      yield Contents.map(({ Key = '', Size, LastModified }) =>
        infoOf(Key.slice(root.length), Size, LastModified),
      );
    }
  } catch (error) {
    throw failure('list', location, error);
  }
}

/** What does not say its time is taken for new: it is then not removed. */
function infoOf(key: string, bytes = 0, modified?: Date): ObjectInfo {
  return { key, bytes, modifiedAt: modified?.getTime() ?? Date.now() };
}

async function guarded<T>(action: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(action, key, error);
  }
}

function failure(action: string, key: string, cause: unknown): ImageStoreError {
  return new ImageStoreError(action, key, cause, "the bucket's name, its address and the credentials");
}

async function ifThere<T, M>(work: () => Promise<T>, missing: M): Promise<T | M> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey')) return missing;
    throw error;
  }
}
