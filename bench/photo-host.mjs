// node bench/photo-host.mjs FOLDER [MS]: serves its files from memory on a free loopback port, which it prints, each after
// so many milliseconds; ends with its standard input. A process of its own, so that what it costs is the same for whoever
// fetches.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder = '.', latency = '0'] = process.argv.slice(2);
const files = new Map(readdirSync(folder).map((name) => [`/${name}`, readFileSync(join(folder, name))]));
const server = createServer((request, response) => {
  const bytes = files.get(request.url ?? '');
  const answer = () => {
    if (bytes) response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    else response.writeHead(404).end();
  };
  if (latency === '0') answer();
  else setTimeout(answer, Number(latency));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
