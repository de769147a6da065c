import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../../src/shared/config/resolve.js';

const settingsOf = (env: Record<string, string>, data: unknown = {}) =>
  resolveSettings({ flags: {}, env, file: { path: 'galley.config.json', data } });

describe('where pictures are kept', () => {
  it.each(['s3://pictures', 's3://pictures/', 's3://my.bucket-1/site/2024'])('may be %s', (store) => {
    expect(settingsOf({}, { store }).store).toBe(store);
    expect(settingsOf({ GALLEY_STORE: store }).store).toBe(store);
  });

  it.each([
    's3://',
    's3://UPPER',
    's3://b1c//x',
    's3://b1c/../x',
    's3://b1c/x y',
    'https://b1c/x',
    '/srv/pictures',
  ])('may not be %s', (store) => {
    expect(() => settingsOf({}, { store })).toThrow(
      'galley.config.json: store: s3://BUCKET or s3://BUCKET/PREFIX.',
    );
  });

  it("has its server and region from AWS's own variables, unless ours say otherwise", () => {
    const aws = { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://b', AWS_REGION: 'eu-south-1' };
    expect(settingsOf(aws)).toMatchObject({ storeEndpoint: 'http://b', storeRegion: 'eu-south-1' });
    const ours = {
      ...aws,
      GALLEY_STORE_ENDPOINT: 'http://c',
      AWS_REGION: '',
      AWS_DEFAULT_REGION: 'eu-west-1',
    };
    expect(settingsOf(ours)).toMatchObject({ storeEndpoint: 'http://c', storeRegion: 'eu-west-1' });
  });
});
