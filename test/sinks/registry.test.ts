import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/shared/errors/errors.js';
import { checkNames, parseSink, SINK_DRIVERS } from '../../src/sinks/registry.js';

describe.each(SINK_DRIVERS)('the sink driver $scheme', (driver) => {
  test('says how it is written and what it does', () => {
    expect(driver.scheme).toMatch(/^[a-z][a-z0-9+-]*$/);
    expect(driver.usage.startsWith(`${driver.scheme}:`)).toBe(true);
    expect(driver.summary).toMatch(/^[A-Z].{10,100}\.$/);
    expect(['once', 'at-least-once']).toContain(driver.inEffect);
  });

  test('is called by its scheme where it is given no name', () => {
    const spec = parseSink(driver.usage);
    expect(spec).toMatchObject({ name: driver.scheme, url: driver.usage });
    expect(spec.ownsStdout).toBe(driver.ownsStdout === true);
  });

  test('names its URL when it is used wrongly, and does nothing before it is made', () => {
    const wrong = driver.scheme === 'stdout' ? 'stdout:somewhere' : `${driver.scheme}:`;
    expect(() => parseSink(wrong)).toThrow(UsageError);
    expect(() => parseSink(wrong)).toThrow(wrong);
  });
});

test('schemes are given once', () => {
  const schemes = SINK_DRIVERS.map(({ scheme }) => scheme);
  expect(new Set(schemes).size).toBe(schemes.length);
});

test('an unknown scheme is answered with the known ones', () => {
  for (const text of ['kafka://host/topic', 'records.ndjson', 'name=ftp:x', '', '://']) {
    expect(() => parseSink(text)).toThrow(UsageError);
    for (const { usage } of SINK_DRIVERS) expect(() => parseSink(text)).toThrow(usage);
  }
});

test('a name goes before the URL, which may have an equals sign of its own', () => {
  expect(parseSink('archive=ndjson:/a=b/c.ndjson')).toMatchObject({
    name: 'archive',
    url: 'ndjson:/a=b/c.ndjson',
  });
  expect(parseSink('ndjson:a=b.ndjson')).toMatchObject({ name: 'ndjson', url: 'ndjson:a=b.ndjson' });
});

test('a name is a letter and then up to 39 letters, digits, - or _', () => {
  for (const name of ['a', 'A-1_b', `a${'b'.repeat(39)}`]) {
    expect(parseSink(`${name}=stdout:`).name).toBe(name);
  }
  for (const name of ['', '1a', 'a b', '-a', 'a.b', 'é', `a${'b'.repeat(40)}`, 'a\n']) {
    expect(() => parseSink(`${name}=stdout:`)).toThrow(/a letter, then up to 39/);
  }
});

test('two sinks of one name are wrong usage, told with the way out', () => {
  const sinks = ['ndjson:a', 'other=ndjson:b', 'stdout:'].map(parseSink);
  checkNames(sinks);
  const twice = [...sinks, parseSink('ndjson:c')];
  expect(() => checkNames(twice)).toThrow(UsageError);
  expect(() => checkNames(twice)).toThrow(/called ndjson.*--sink other=ndjson:c/);
});
