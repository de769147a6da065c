import type { ImageStore } from './store.js';
import { createImageStore, openImageStore } from './store.js';
import { openBucket } from './s3-objects.js';
import { createUrlIndex, openUrlIndex, type UrlIndex } from './url-index.js';

/** Where pictures are kept. */
export interface StoreLocation {
  readonly stateFolder: string;
  /** `s3://bucket` or `s3://bucket/prefix`; absent for a folder of the state folder. */
  readonly store?: string | undefined;
  readonly storeEndpoint?: string | undefined;
  readonly storeRegion?: string | undefined;
}

/** The image store and what is known of its pictures by their URL. */
export interface PictureStore {
  readonly store: ImageStore;
  readonly index: UrlIndex;
  close(): void;
}

/**
 * Opens the image store and its index: `images` and `image-index` in the state folder, or under the prefix of a bucket.
 *
 * @throws ImageStoreError when the folders cannot be made or the bucket cannot be listed, ImageStoreClientError when the
 * client for S3 is not installed
 */
export async function openPictureStore(location: StoreLocation): Promise<PictureStore> {
  const s3 = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location.store ?? '');
  if (s3 === null) {
    return {
      store: await openImageStore(location.stateFolder),
      index: await openUrlIndex(location.stateFolder),
      close: () => undefined,
    };
  }
  const bucket = await openBucket({
    bucket: s3[1] ?? '',
    prefix: (s3[2] ?? '').replace(/\/+$/, ''),
    endpoint: location.storeEndpoint,
    region: location.storeRegion,
  });
  try {
    await bucket.check();
  } catch (error) {
    bucket.close();
    throw error;
  }
  return {
    store: createImageStore(bucket.under('images')),
    index: createUrlIndex(bucket.under('image-index')),
    close: () => bucket.close(),
  };
}
