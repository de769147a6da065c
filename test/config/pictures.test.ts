import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../../src/shared/config/resolve.js';
import { DEFAULT_BREAKER } from '../../src/shared/fetch/breaker.js';
import { DEFAULT_FETCH_LIMITS } from '../../src/shared/fetch/limits.js';
import { read } from '../docs/pages.js';

function settingsOf(pictures: unknown) {
  return resolveSettings({ flags: {}, env: {}, file: { path: 'galley.config.json', data: { pictures } } })
    .pictures;
}

describe('the settings of pictures', () => {
  it('are the limits of the fetch where nothing is said', () => {
    const { breaker, retryDelaysMs, ...limits } = settingsOf(undefined);
    const { maxHeaderBytes: _fixed, ...defaults } = DEFAULT_FETCH_LIMITS;
    expect(limits).toEqual(defaults);
    expect(breaker).toEqual(DEFAULT_BREAKER);
    expect(retryDelaysMs).toEqual([60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 86_400_000]);
  });

  it('are on the page for operators as they are', () => {
    const [, example = ''] = /```json\n(\{\n  "pictures"[\s\S]*?)```/.exec(read('docs/operate.md')) ?? [];
    const { pictures } = JSON.parse(example) as { pictures: object };
    const defaults = settingsOf(undefined);
    expect(settingsOf(pictures)).toEqual({
      ...defaults,
      ratePerHost: 10,
      contact: 'https://news.example/about',
    });
    expect(Object.keys(pictures).toSorted()).toEqual(
      [...Object.keys(defaults), 'ratePerHost', 'contact'].toSorted(),
    );
  });

  it('can be said one by one', () => {
    const settings = settingsOf({
      maxBytes: 1000,
      breaker: { failures: 2 },
      ratePerHost: 0.5,
      contact: 'mailto:editor@news.example',
      retryDelaysMs: [],
    });
    expect(settings).toMatchObject({ maxBytes: 1000, ratePerHost: 0.5, retryDelaysMs: [] });
    expect(settings.breaker).toEqual({ ...DEFAULT_BREAKER, failures: 2 });
  });

  it.each([
    [{ connectionsPerHost: 0 }, 'pictures.connectionsPerHost'],
    [{ ratePerHost: -1 }, 'pictures.ratePerHost'],
    [{ breaker: { failures: 0 } }, 'pictures.breaker.failures'],
    [{ retryDelaysMs: [0] }, 'pictures.retryDelaysMs.0'],
    [{ contact: 'a\r\nx-evil: 1' }, 'pictures.contact'],
    [{ contact: 'me) Other/1 (' }, 'pictures.contact'],
    [{ maxByte: 1 }, 'pictures.maxByte'],
  ])('stop the start when they are wrong: %j', (pictures, name) => {
    expect(() => settingsOf(pictures)).toThrow(name);
  });
});
