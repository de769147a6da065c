import sharp, { type Sharp } from 'sharp';

/** A picture full of noise, so that no two parts of it are alike and it packs badly. */
export function noise(width: number, height: number): Sharp {
  const background = { r: 204, g: 51, b: 51 };
  return sharp({
    create: { width, height, channels: 3, background, noise: { type: 'gaussian', mean: 120, sigma: 40 } },
  });
}

/** One colour everywhere; `alpha` 0 to 1. */
export function plain(width: number, height: number, alpha = 1): Sharp {
  return sharp({ create: { width, height, channels: 4, background: { r: 51, g: 102, b: 204, alpha } } });
}

/** Blue, with a white stripe over the right quarter. */
export async function striped(width: number, height: number): Promise<Sharp> {
  const stripe = Math.floor(width / 4);
  const white = { create: { width: stripe, height, channels: 3, background: '#ffffff' } } as const;
  return plain(width, height).composite([{ input: white, left: width - stripe, top: 0 }]);
}

/** An animation of so many different frames. */
export async function animation(format: 'gif' | 'webp', frames: number): Promise<Buffer> {
  const pages = await Promise.all(Array.from({ length: frames }, () => noise(40, 30).png().toBuffer()));
  return sharp(pages, { join: { animated: true } })
    .toFormat(format)
    .toBuffer();
}
