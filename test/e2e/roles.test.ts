import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisWanted } from '../support/redis-server.js';
import { article, imageLines } from './articles.js';
import { PATIENT, useBackend } from './backends.js';
import { until } from './until.js';

const COUNT = 20;

describe.skipIf(!redisWanted())('roles as processes of their own', PATIENT, () => {
  const backend = useBackend('redis');
  let server: Server;
  let host = '';

  beforeAll(async () => {
    const picture = await sharp({
      create: {
        width: 40,
        height: 30,
        channels: 3,
        background: '#3c3',
        noise: { type: 'gaussian', mean: 120, sigma: 30 },
      },
    })
      .png()
      .toBuffer();
    server = createServer((_request, response) => void response.end(picture));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new Error('The host of the picture has no port.');
    host = `127.0.0.1:${address.port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('bring each article out once, and end cleanly', async () => {
    const site = backend.site();
    for (let index = 0; index < COUNT; index += 1) {
      const pictured =
        index % 5 === 0 ? { images: imageLines([{ url: `http://${host}/${index}.png` }]) } : {};
      site.put(`${index}.md`, article(`roles-${index}`, pictured));
    }
    const state = ['--state', site.state];
    const roles = [
      site.start(['watch', '--inbox', site.inbox, ...state]),
      site.start(['work', '--only', 'validate,score', ...state]),
      site.start(['work', '--only', 'images', '--allow-host', host, ...state]),
      site.start(['work', '--only', 'deliver', ...site.flags]),
    ];

    await until(
      () => `${COUNT} events; there are ${site.count()}; ${roles.map((role) => role.stderr()).join('')}`,
      () => site.count() >= COUNT,
    );
    site.write('late.md', article('late'));
    await site.came('late.md', 'created');
    for (const role of roles) role.kill('SIGTERM');
    const ends = await Promise.all(roles.map(({ ended }) => ended));

    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(site.countOf('created')).toBe(COUNT + 1);
    expect(site.count()).toBe(COUNT + 1);
    const [image] = site.record('5.md')?.images ?? [];
    expect(image).toMatchObject({ status: 'verified', width: 40, height: 30 });
    expect(existsSync(path.join(site.state, 'images', image?.file ?? '?'))).toBe(true);
  });
});
