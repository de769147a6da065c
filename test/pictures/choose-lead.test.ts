import { describe, expect, it } from 'vitest';
import { chooseLead } from '../../src/shared/pictures/choose-lead.js';
import { failedImage } from '../../src/shared/pictures/record-image.js';
import type { RecordImage } from '../../src/shared/record/schema.js';

const verified = (url: string, width: number, height: number): RecordImage => ({
  url,
  width,
  height,
  isCached: true,
  status: 'verified',
});
const order = (...images: RecordImage[]): string =>
  chooseLead(images)
    .map(({ url }) => url)
    .join(' ');

describe('the lead picture', () => {
  it('is the largest of good shape; the others stay in declared order', () => {
    expect(order(verified('icon', 64, 64), verified('photo', 1200, 675), verified('mid', 600, 400))).toBe(
      'photo icon mid',
    );
  });

  it('is not a long narrow banner or a tower, however large', () => {
    expect(
      order(verified('banner', 4000, 300), verified('tower', 600, 4000), verified('photo', 1000, 600)),
    ).toBe('photo banner tower');
  });

  it('is the first declared of equals, and size beyond enough makes no difference', () => {
    expect(order(verified('a', 1600, 900), verified('b', 4000, 2250), verified('c', 1600, 900))).toBe(
      'a b c',
    );
  });

  it('is a verified one before any other', () => {
    const failed = failedImage({ url: 'failed', width: 4000, height: 2000 }, 'truncated');
    expect(order(failed, verified('small', 100, 90))).toBe('small failed');
    expect(order(failed)).toBe('failed');
    expect(order()).toBe('');
  });
});
