import { UsageError } from '../shared/errors/errors.js';
import type { Sink, SinkContext, SinkDriver } from './contract.js';
import { ndjson } from './ndjson.js';
import { stdout } from './stdout.js';

/** Every kind of sink. To add one: its file, a line here, its test. */
export const SINK_DRIVERS: readonly SinkDriver[] = [ndjson, stdout];

/** A sink as it was asked for: `[NAME=]URL`. */
export interface SinkSpec {
  readonly name: string;
  readonly url: string;
  readonly ownsStdout: boolean;
  create(context: Omit<SinkContext, 'name'>): Sink;
}

/** A name is part of queue names and of the state's keys. */
const NAME = /^[a-z][a-z0-9_-]{0,39}$/i;

/**
 * Reads `[NAME=]URL`. The name is the scheme unless it is given.
 * @throws UsageError that names the sink and the mend.
 */
export function parseSink(text: string): SinkSpec {
  const named = /^([^=:/]*)=(.*)$/s.exec(text);
  const url = named?.[2] ?? text;
  const scheme = /^([a-z][a-z0-9+-]*):/i.exec(url)?.[1]?.toLowerCase();
  const driver = SINK_DRIVERS.find((candidate) => candidate.scheme === scheme);
  if (!driver) {
    const known = SINK_DRIVERS.map(({ usage }) => usage).join(', ');
    throw new UsageError(`There is no sink ${text}; known are ${known}.`);
  }
  const name = named?.[1] ?? driver.scheme;
  if (!NAME.test(name)) {
    throw new UsageError(
      `The sink name ${name} in ${text} is not one: a letter, then up to 39 letters, digits, - or _.`,
    );
  }
  const make = driver.prepare(url);
  return {
    name,
    url,
    ownsStdout: driver.ownsStdout === true,
    create: (context) => make({ ...context, name }),
  };
}

/** @throws UsageError when two sinks have one name. */
export function checkNames(sinks: readonly SinkSpec[]): void {
  const seen = new Set<string>();
  for (const { name, url } of sinks) {
    if (seen.has(name)) {
      throw new UsageError(`Two sinks are called ${name}; give one another name: --sink other=${url}.`);
    }
    seen.add(name);
  }
}
