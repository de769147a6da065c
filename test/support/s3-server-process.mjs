// node --openssl-legacy-provider test/support/s3-server-process.mjs FOLDER BUCKET: an S3 server on a free loopback port,
// which it prints; ends with its standard input. The flag is for its page tokens, which it makes with DES.
import { utimes } from 'node:fs/promises';
import S3rver from 's3rver';

const [directory = '', bucket = ''] = process.argv.slice(2);
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  configureBuckets: [{ name: bucket, configs: [] }],
});

// S3 gives an object that is copied onto itself the present time; S3rver leaves the old one.
const { store } = server;
const copyObject = store.copyObject.bind(store);
store.copyObject = async (fromBucket, fromKey, toBucket, toKey, metadata) => {
  const now = new Date();
  await copyObject(fromBucket, fromKey, toBucket, toKey, metadata);
  await utimes(store.getResourcePath(toBucket, toKey, 'object'), now, now);
  return store.getMetadata(toBucket, toKey);
};

const { port } = await server.run();
console.log(port);
process.stdin.resume().on('end', () => process.exit(0));
