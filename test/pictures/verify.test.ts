import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyPicture } from '../../src/shared/pictures/verify.js';
import { animation, noise, plain, striped } from './samples.js';

async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += width) {
    results.push(...(await Promise.all(items.slice(at, at + width).map(work))));
  }
  return results;
}

describe('a whole picture', () => {
  it.each([
    ['jpeg', 'image/jpeg', 'jpg'],
    ['png', 'image/png', 'png'],
    ['webp', 'image/webp', 'webp'],
    ['gif', 'image/gif', 'gif'],
    ['avif', 'image/avif', 'avif'],
  ] as const)('is verified and measured: %s', async (format, contentType, extension) => {
    const bytes = await noise(320, 180).toFormat(format).toBuffer();
    expect(await verifyPicture(bytes)).toMatchObject({
      ok: true,
      contentType,
      extension,
      width: 320,
      height: 180,
      frames: 1,
    });
  });

  it('is verified with what lies behind its end', async () => {
    for (const format of ['jpeg', 'png', 'gif'] as const) {
      const bytes = await noise(64, 64).toFormat(format).toBuffer();
      expect(await verifyPicture(Buffer.concat([bytes, Buffer.from('more')]))).toMatchObject({ ok: true });
    }
  });

  it('is verified in progressive and CMYK form', async () => {
    const progressive = await noise(300, 200).jpeg({ progressive: true }).toBuffer();
    const cmyk = await noise(300, 200).toColourspace('cmyk').jpeg().toBuffer();
    for (const bytes of [progressive, cmyk])
      expect(await verifyPicture(bytes)).toMatchObject({ ok: true, width: 300 });
  });

  it.each([1, 3, 6, 8])('is measured as it is shown: EXIF orientation %i', async (orientation) => {
    const bytes = await noise(400, 300).withMetadata({ orientation }).jpeg().toBuffer();
    const [width, height] = orientation < 5 ? [400, 300] : [300, 400];
    expect(await verifyPicture(bytes)).toMatchObject({ ok: true, width, height });
  });

  it('has its commonest colour and a placeholder', async () => {
    const bytes = await (await striped(400, 300)).png().toBuffer();
    const verified = await verifyPicture(bytes);
    expect(verified).toMatchObject({ color: '#3366cc' });
    expect(verified.ok && Buffer.from(verified.placeholder ?? '', 'base64').length).toBeGreaterThan(4);
  });

  it.each(['gif', 'webp'] as const)('may be an animation, measured by one frame: %s', async (format) => {
    expect(await verifyPicture(await animation(format, 5))).toMatchObject({
      ok: true,
      width: 40,
      height: 30,
      frames: 5,
    });
  });
});

describe('a cut picture', () => {
  it('is refused wherever it was cut, eight decoded at once; the whole one passes each time', async () => {
    const whole = await noise(640, 360).jpeg().toBuffer();
    const cuts = Array.from({ length: 320 }, (_, i) => 3 + Math.floor((i * (whole.length - 4)) / 319));
    const pictures = cuts.flatMap((end, i) =>
      i % 8 === 0 ? [whole, whole.subarray(0, end)] : [whole.subarray(0, end)],
    );
    const results = await inParallel(pictures, 8, verifyPicture);
    const wrong = pictures.filter((picture, i) => (results[i]?.ok === true) !== (picture === whole));
    expect(wrong.map(({ length }) => length)).toEqual([]);
    expect(results.filter((result) => !result.ok && result.reason !== 'truncated')).toEqual([]);
  });

  it.each(['png', 'webp', 'gif', 'avif'] as const)('is refused as truncated: %s', async (format) => {
    const whole = await noise(200, 150).toFormat(format).toBuffer();
    const cuts = Array.from({ length: 40 }, (_, i) => 20 + Math.floor((i * (whole.length - 21)) / 39));
    const results = await inParallel(cuts, 8, (end) => verifyPicture(whole.subarray(0, end)));
    expect(results.filter((result) => result.ok || result.reason !== 'truncated')).toEqual([]);
  });

  it('is refused although somebody put an end mark behind it', async () => {
    const whole = await noise(640, 360).png().toBuffer();
    const end = whole.subarray(-12);
    const result = await verifyPicture(Buffer.concat([whole.subarray(0, whole.length / 2), end]));
    expect(result).toMatchObject({ ok: false });
  });
});

describe('a bad picture', () => {
  it('with bytes changed in a critical chunk is corrupt', async () => {
    const bytes = await noise(200, 150).png().toBuffer();
    bytes.writeUInt8((bytes[bytes.length >> 1] ?? 0) ^ 0xff, bytes.length >> 1);
    expect(await verifyPicture(bytes)).toMatchObject({ ok: false, reason: 'corrupt' });
  });

  it.each([
    ['an HTML page', '<html><body>no</body></html>'],
    ['a page with an SVG in it', '<html><svg width="1"></svg></html>'],
    ['JSON', '{"error":"not found"}'],
    ['nothing', ''],
    ['one byte', '\xff'],
    ['random text', createHash('sha512').update('x').digest('hex')],
  ])('that is %s is no image', async (_name, text) => {
    expect(await verifyPicture(Buffer.from(text, 'latin1'))).toMatchObject({
      ok: false,
      reason: 'not-an-image',
    });
  });

  it('of another format is unsupported', async () => {
    const tiff = await noise(10, 10).tiff().toBuffer();
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    for (const bytes of [tiff, heic, Buffer.from('BM......', 'latin1')]) {
      expect(await verifyPicture(bytes)).toMatchObject({ ok: false, reason: 'unsupported' });
    }
  });

  it('that shows nothing is blank', async () => {
    const blanks = await Promise.all([
      plain(1, 1).png().toBuffer(),
      plain(300, 1).png().toBuffer(),
      plain(300, 200).png().toBuffer(),
      plain(300, 200).flatten().jpeg().toBuffer(),
      plain(300, 200, 0).png().toBuffer(),
      plain(300, 200).webp().toBuffer(),
      plain(2, 2).gif().toBuffer(),
    ]);
    for (const bytes of blanks)
      expect(await verifyPicture(bytes)).toMatchObject({ ok: false, reason: 'blank' });
  });

  it('that claims too many pixels is refused before they are decoded', async () => {
    const bomb = await plain(8000, 7000).png({ compressionLevel: 9 }).toBuffer();
    expect(bomb.length).toBeLessThan(400_000);
    const result = await verifyPicture(bomb);
    expect(result).toMatchObject({ ok: false, reason: 'too-many-pixels', detail: '8000x7000' });
  });
});

describe('an SVG', () => {
  const verify = (text: string): ReturnType<typeof verifyPicture> => verifyPicture(Buffer.from(text));
  let good: string;
  beforeAll(() => {
    good =
      '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80px"><rect width="9" height="9"/></svg>';
  });

  it('is measured by its first element and not rendered', async () => {
    const verified = await verify(`\uFEFF<?xml version="1.0"?>\n<!-- drawn -->\n${good}\n`);
    expect(verified).toEqual({
      ok: true,
      contentType: 'image/svg+xml',
      extension: 'svg',
      frames: 1,
      width: 120,
      height: 80,
    });
    expect(await verify('<svg viewBox="0 0 30 20.4" width="100%"></svg>')).toMatchObject({
      width: 30,
      height: 20,
    });
    expect(await verify('<svg></svg>')).not.toHaveProperty('width');
  });

  it('that was cut is truncated', async () => {
    expect(await verify(good.slice(0, -3))).toMatchObject({ ok: false, reason: 'truncated' });
  });

  it('that declares entities is refused', async () => {
    const laughs = `<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${good}`;
    expect(await verify(laughs)).toMatchObject({ ok: false });
  });

  it('that is made to slow a pattern down is answered at once', async () => {
    const started = performance.now();
    await verify(`<svg ${' width='.repeat(10_000)}`);
    await verify(`${'<!-- x -->'.repeat(10_000)}<svg>`);
    await verify(`<svg>${'<!--'.repeat(20_000)}</svg>${'<!-- -->'.repeat(500)}x`);
    await verify(`<svg>${'</svg '.repeat(20_000)}${' '.repeat(100_000)}x`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
