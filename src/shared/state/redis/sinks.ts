import { StateStoreError } from '../../errors/errors.js';
import type { DeadLetter, SinkPlace, StateStore } from '../contract.js';
import type { StateKeys } from './keys.js';
import { serverTime, type RedisClient, type StateScripts } from './scripts.js';

type SinkMethods = Pick<
  StateStore,
  | 'sinks'
  | 'registerSink'
  | 'forgetSink'
  | 'leaseSink'
  | 'moveSink'
  | 'setSink'
  | 'noteSinkTrouble'
  | 'addDeadLetter'
  | 'deadLetters'
>;

/** The places of sinks, what troubles them, and what they refused. */
export function redisSinks(client: RedisClient, keys: StateKeys, scripts: StateScripts): SinkMethods {
  const run = (operation: string, name: string, ...args: number[]): Promise<unknown> =>
    scripts.sinks([keys.sinks, keys.meta], operation, name, ...args);

  /** Adds what is kept beside the place. */
  async function complete(name: string, place: readonly string[]): Promise<SinkPlace> {
    const [trouble, deadLetters] = await Promise.all([
      client.hget(keys.troubles, name),
      client.hlen(keys.deadLetters(name)),
    ]);
    const [number, generation, epoch, movedAt] = place.map(Number);
    if (number === undefined || generation === undefined || epoch === undefined || movedAt === undefined) {
      throw new StateStoreError(`The place of the sink ${name} cannot be read.`);
    }
    return { name, number, generation, epoch, deadLetters, movedAt, trouble: trouble ?? '' };
  }

  async function change(operation: string, name: string, ...args: number[]): Promise<SinkPlace> {
    return complete(name, (await run(operation, name, ...args)) as string[]);
  }

  async function deadLettersOf(sink: string): Promise<DeadLetter[]> {
    const letters = await client.hvals(keys.deadLetters(sink));
    return letters.map((letter) => JSON.parse(letter) as DeadLetter);
  }

  return {
    async sinks() {
      const places = await client.hgetall(keys.sinks);
      const names = Object.keys(places).sort();
      return Promise.all(names.map((name) => complete(name, (places[name] ?? '').split(' '))));
    },
    registerSink: (name) => change('register', name),
    async forgetSink(name) {
      const [known] = await Promise.all([
        client.hdel(keys.sinks, name),
        client.hdel(keys.troubles, name),
        client.unlink(keys.deadLetters(name)),
      ]);
      return known === 1;
    },
    leaseSink: (name) => change('lease', name),
    moveSink: async (name, epoch, number) => (await run('move', name, epoch, number)) !== null,
    setSink: (name, number) => change('set', name, number),
    async noteSinkTrouble(name, trouble) {
      if (trouble === '') await client.hdel(keys.troubles, name);
      else await client.hset(keys.troubles, name, trouble);
    },
    async addDeadLetter(letter) {
      const at = await serverTime(client);
      await client.hset(keys.deadLetters(letter.sink), letter.eventId, JSON.stringify({ ...letter, at }));
    },
    async deadLetters(sink) {
      const names = sink === undefined ? (await client.hkeys(keys.sinks)).sort() : [sink];
      const letters = await Promise.all(names.map(deadLettersOf));
      return letters.flat().sort((a, b) => a.at - b.at || a.number - b.number);
    },
  };
}
