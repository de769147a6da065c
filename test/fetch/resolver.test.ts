import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHostResolver, HostNotFoundError, type NameServers } from '../../src/shared/fetch/resolver.js';

function serversWith(v4: string[], v6: string[] = []): NameServers & { asked: string[] } {
  const asked: string[] = [];
  const answer = async (list: string[]): Promise<{ address: string; ttl: number }[]> => {
    if (list.length === 0) throw Object.assign(new Error('no data'), { code: 'ENODATA' });
    return list.map((address) => ({ address, ttl: 20 }));
  };
  return {
    asked,
    resolve4: (host) => (asked.push(host), answer(v4)),
    resolve6: () => answer(v6),
  };
}

describe('the resolver', () => {
  it('gives addresses of both families, IPv4 first', async () => {
    const resolver = createHostResolver({
      nameServers: serversWith(['8.8.8.8'], ['2606::1']),
      hostsFile: null,
    });
    expect(await resolver.resolve('a.example')).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606::1', family: 6 },
    ]);
  });

  it('asks once for a host while its answer is fresh, and again when it is not', async () => {
    let now = 0;
    const nameServers = serversWith(['8.8.8.8']);
    const resolver = createHostResolver({ nameServers, hostsFile: null, now: () => now });
    await Promise.all(['a.example', 'A.example.', 'a.example'].map((host) => resolver.resolve(host)));
    expect(nameServers.asked).toEqual(['a.example']);
    now = 19_999;
    await resolver.resolve('a.example');
    expect(nameServers.asked).toHaveLength(1);
    now = 20_000;
    await resolver.resolve('a.example');
    expect(nameServers.asked).toHaveLength(2);
  });

  it('remembers a failure for a moment only', async () => {
    let now = 0;
    const nameServers = serversWith([]);
    const resolver = createHostResolver({ nameServers, hostsFile: null, now: () => now });
    await expect(resolver.resolve('gone.example')).rejects.toThrow(HostNotFoundError);
    await expect(resolver.resolve('gone.example')).rejects.toThrow('ENODATA');
    expect(nameServers.asked).toHaveLength(1);
    now = 5_000;
    await expect(resolver.resolve('gone.example')).rejects.toThrow(HostNotFoundError);
    expect(nameServers.asked).toHaveLength(2);
  });

  it('keeps no more hosts than it may', async () => {
    const nameServers = serversWith(['8.8.8.8']);
    const resolver = createHostResolver({ nameServers, hostsFile: null, maxHosts: 2 });
    for (const host of ['a.example', 'b.example', 'c.example', 'a.example']) await resolver.resolve(host);
    expect(nameServers.asked).toEqual(['a.example', 'b.example', 'c.example', 'a.example']);
  });

  it('answers names of the hosts file and localhost without asking', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'galley-resolver-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const hostsFile = path.join(folder, 'hosts');
    await writeFile(
      hostsFile,
      '# names\n10.1.2.3 Pictures pictures.test # ours\nbroken line\n::5 pictures\n',
    );
    const nameServers = serversWith(['8.8.8.8']);
    const resolver = createHostResolver({ nameServers, hostsFile });
    expect((await resolver.resolve('pictures')).map(({ address }) => address)).toEqual(['10.1.2.3', '::5']);
    expect(await resolver.resolve('PICTURES.test')).toEqual([{ address: '10.1.2.3', family: 4 }]);
    expect((await resolver.resolve('deep.localhost'))[0]).toEqual({ address: '127.0.0.1', family: 4 });
    expect(nameServers.asked).toEqual([]);
  });

  it('does not wait for one family when the other has answered', async () => {
    const nameServers = { ...serversWith(['8.8.8.8']), resolve6: () => new Promise<never>(() => undefined) };
    const resolver = createHostResolver({ nameServers, hostsFile: null });
    expect(await resolver.resolve('a.example')).toEqual([{ address: '8.8.8.8', family: 4 }]);
  });
});
