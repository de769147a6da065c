import { expect, it, vi } from 'vitest';
import { openPictureStore } from '../../src/shared/pictures/open-store.js';
import { ImageStoreClientError } from '../../src/shared/pictures/store-error.js';

vi.mock('@aws-sdk/client-s3', () => {
  throw new Error('Cannot find package');
});

it('an image store in S3 without its client says what to install', async () => {
  const failure = await openPictureStore({ stateFolder: '/nowhere', store: 's3://b1c/x' }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ImageStoreClientError);
  expect(failure).toMatchObject({
    message: expect.stringContaining('npm install @aws-sdk/client-s3') as string,
  });
});
