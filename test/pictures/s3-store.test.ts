import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseAllowedHost } from '../../src/shared/fetch/allow-list.js';
import { createSafeFetch } from '../../src/shared/fetch/safe-fetch.js';
import { openPictureStore } from '../../src/shared/pictures/open-store.js';
import { fetchPicture, openPictures } from '../../src/shared/pictures/picture.js';
import { ImageStoreError } from '../../src/shared/pictures/store-error.js';
import { pictureStoreContract } from '../contracts/picture-store.js';
import { startHost } from '../fetch/misbehaving-host.js';
import { freePort } from '../support/free-port.js';
import { KEYS, startS3, type S3Server } from '../support/s3-server.js';
import { noise } from './samples.js';

/** The client finds its keys where AWS's own tools do. */
beforeAll(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', KEYS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', KEYS.secretAccessKey);
  return () => vi.unstubAllEnvs();
});

const locationAt = ({ endpoint, bucket }: S3Server, prefix: string) => ({
  stateFolder: '/nowhere',
  store: `s3://${bucket}${prefix}`,
  storeEndpoint: endpoint,
});

pictureStoreContract('S3', async () => {
  const server = await startS3();
  let count = 0;
  return {
    async fresh() {
      const prefix = `/site-${count++}/pictures`;
      return { location: locationAt(server, prefix), age: (ms) => server.age(prefix.slice(1), ms) };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

describe('an image store in S3', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('says at once that the bucket is not there', async () => {
    const opening = openPictureStore({ ...locationAt(server, ''), store: 's3://no-such-bucket/x' });
    const failure = await opening.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageStoreError);
    expect(failure).toMatchObject({ message: expect.stringContaining('s3://no-such-bucket/x') as string });
  });

  it('says at once that the keys are not known', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'NOBODY');
    onTestFinished(() => void vi.stubEnv('AWS_ACCESS_KEY_ID', KEYS.accessKeyId));
    await expect(openPictureStore(locationAt(server, ''))).rejects.toThrow(
      /check the bucket's name, its address/,
    );
  });

  it('says that nothing answers, as an error that may be tried again', async () => {
    const storeEndpoint = `http://127.0.0.1:${await freePort()}`;
    await expect(openPictureStore({ ...locationAt(server, ''), storeEndpoint })).rejects.toMatchObject({
      retryable: true,
      code: 'GALLEY_IMAGE_STORE',
    });
  });

  it('lets another machine reuse a picture without a body', async () => {
    const jpeg = await noise(320, 180).jpeg().toBuffer();
    const host = await startHost({
      '/a.jpg': (q, r) => {
        if (q.headers['if-none-match'] === '"1"') r.writeHead(304).end();
        else r.writeHead(200, { etag: '"1"' }).end(jpeg);
      },
    });
    const fetch = createSafeFetch({
      userAgent: 'Galley/test',
      allowHosts: [parseAllowedHost(`127.0.0.1:${host.port}`)],
    });
    onTestFinished(async () => {
      await fetch.close();
      await host[Symbol.asyncDispose]();
    });
    const declared = { url: `${host.origin}/a.jpg` };
    const [one, other] = await Promise.all(
      [1, 2].map(() => openPictures({ fetch, ...locationAt(server, '/shared'), thumbnailWidth: 100 })),
    );
    if (one === undefined || other === undefined) throw new Error('no stores');
    const first = await fetchPicture({ declared, deps: one });
    expect(first).toMatchObject({
      status: 'verified',
      thumbnail: expect.stringMatching(/-100\.webp$/) as string,
    });
    expect(await fetchPicture({ declared, deps: other })).toEqual(first);
    expect(host.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    expect(await other.store.read(first.file ?? '')).toEqual(jpeg);
    one.close();
    other.close();
  });
});
