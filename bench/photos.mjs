import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const SMALLEST = 50 * 1024;
const LARGEST = 800 * 1024;
const SCENE = { width: 2600, height: 1800 };
/** Of 20 pictures: what sites serve, mostly JPEG. */
const FORMATS = [...Array.from({ length: 16 }, () => 'jpeg'), 'png', 'webp', 'webp', 'png'];

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Writes `count` pictures of 50 to 800 KB, evenly spread on a logarithmic scale: noise of several sizes over gradients,
 * so that they pack about as photographs do, and no two are alike.
 * @returns name and bytes of each
 */
export async function makePhotos(folder, count) {
  mkdirSync(folder, { recursive: true });
  const random = randomFrom(7);
  const scenes = [];
  for (let scene = 0; scene < 4; scene++) scenes.push(await paintScene(random));
  const made = [];
  for (let index = 0; index < count; index++) {
    const format = FORMATS[index % FORMATS.length];
    const wanted = SMALLEST * (LARGEST / SMALLEST) ** ((index + 0.5) / count);
    const bytes = await photoOf(scenes[index % scenes.length], format, wanted, random);
    const name = `${index}.${format}`;
    writeFileSync(join(folder, name), bytes);
    made.push({ name, bytes: bytes.length });
  }
  return made;
}

/** Layers from clouds to grain, each of half the strength of the coarser one: the spectrum of photographs. */
async function paintScene(random) {
  const { width, height } = SCENE;
  const layers = [];
  for (const [cell, strength] of [
    [325, 90],
    [80, 50],
    [20, 26],
    [5, 16],
    [1, 14],
  ]) {
    const [w, h] = [Math.ceil(width / cell), Math.ceil(height / cell)];
    const cells = Buffer.alloc(w * h * 3);
    for (let at = 0; at < cells.length; at++) cells[at] = 128 + (random() - 0.5) * 2 * strength;
    const field = sharp(cells, { raw: { width: w, height: h, channels: 3 } });
    layers.push(await field.resize(width, height, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer());
  }
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < pixels.length; at++) {
    let value = 128 + (at / pixels.length - 0.5) * 60;
    for (const layer of layers) value += layer[at] - 128;
    pixels[at] = Math.max(0, Math.min(255, value));
  }
  return pixels;
}

/** A cut of a scene whose file has about the bytes wanted: one trial tells how this format packs it. */
async function photoOf(scene, format, wanted, random) {
  const cut = async (pixels) => {
    const width = Math.max(64, Math.min(SCENE.width, Math.round(Math.sqrt(pixels * 1.5))));
    const height = Math.max(64, Math.min(SCENE.height, Math.round(width / 1.5)));
    const left = Math.floor(random() * (SCENE.width - width));
    const top = Math.floor(random() * (SCENE.height - height));
    const options = format === 'png' ? {} : { quality: 82 };
    return sharp(scene, { raw: { ...SCENE, channels: 3 } })
      .extract({ left, top, width, height })
      .toFormat(format, options)
      .toBuffer();
  };
  const trial = await cut(150_000);
  return cut((150_000 * wanted) / trial.length);
}
