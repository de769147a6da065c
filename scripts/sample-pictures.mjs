// The pictures of `samples/`, drawn by code, and the small host that serves them.
//
// By itself (`node scripts/sample-pictures.mjs`) it listens where the samples point, so that
// `galley ingest samples --allow-host 127.0.0.1:4599` finds every picture that is there.

import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/** Where the picture addresses in `samples/` point. The demo puts the address of its own host in its place. */
export const SAMPLE_ORIGIN = 'http://127.0.0.1:4599';

const dusk = ['#27325e', '#e98a5b', '#ffd9a0'];
const day = ['#8ec9e8', '#d8eef6', '#f7e7c6'];
const night = ['#0b1026', '#1d2b53', '#3d4f7c'];
const paper = ['#fbf7ee', '#f1e8d6', '#e4d5b8'];

/**
 * Each picture: its size in pixels, its sky from top to bottom, the colour of its land and what stands on it.
 * `cut` serves the first half of the file only, as a host does that loses its connection.
 */
const pictures = {
  'ferry-dock.jpg': { width: 1280, height: 720, sky: dusk, land: '#1f5673', motif: 'boat' },
  'ferry-engine.png': { width: 1024, height: 683, sky: paper, land: '#5b7c8d', motif: 'bars' },
  'ferry-route.webp': { width: 960, height: 960, sky: day, land: '#2c7da0', motif: 'route' },
  'library-shelves.jpg': { width: 1200, height: 675, sky: paper, land: '#7f5539', motif: 'bars' },
  'repair-bench.jpg': { width: 1140, height: 641, sky: paper, land: '#9c6644', motif: 'sun' },
  'bakery-ovens.jpg': { width: 1140, height: 641, sky: dusk, land: '#7b3f00', motif: 'sun' },
  'owl-spectrogram.png': { width: 1024, height: 512, sky: night, land: '#6a4c93', motif: 'bars' },
  'owl-at-dusk.jpg': { width: 1280, height: 853, sky: night, land: '#22223b', motif: 'sun', cut: true },
  'tram-stop.jpg': { width: 1024, height: 576, sky: day, land: '#7a8b69', motif: 'bars' },
  'bell-foundry.jpg': { width: 1280, height: 720, sky: dusk, land: '#4a2c2a', motif: 'sun' },
  'bell-strike.gif': { width: 480, height: 270, sky: dusk, land: '#4a2c2a', motif: 'sun', frames: 4 },
  'tide-chart.png': { width: 1600, height: 900, sky: day, land: '#1d6996', motif: 'route' },
  'honest-charts.png': { width: 800, height: 400, sky: paper, land: '#38a3a5', motif: 'bars' },
  'newsroom.webp': { width: 1200, height: 800, sky: paper, land: '#4f5d75', motif: 'bars' },
  'hedgerow.jpg': { width: 1400, height: 933, sky: day, land: '#588157', motif: 'sun' },
  'orchard.jpg': { width: 1280, height: 720, sky: day, land: '#a3b18a', motif: 'sun' },
  'polar-hut.jpg': { width: 1600, height: 1067, sky: night, land: '#cfe3f1', motif: 'boat' },
};

const contentTypes = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp', gif: 'image/gif' };

/** Draws a sample picture. Answers its bytes and type, or null where there is no picture of that name. */
export async function drawPicture(name) {
  const picture = Object.hasOwn(pictures, name) ? pictures[name] : undefined;
  if (picture === undefined) return null;
  const format = name.slice(name.lastIndexOf('.') + 1);
  const frames = Array.from({ length: picture.frames ?? 1 }, (_, frame) =>
    Buffer.from(scene({ ...picture, lift: frame * 0.04 })),
  );
  const drawn = frames.length === 1 ? sharp(frames[0]) : sharp(frames, { join: { animated: true } });
  const whole = await drawn.toFormat(format === 'jpg' ? 'jpeg' : format).toBuffer();
  const bytes = picture.cut === true ? whole.subarray(0, Math.floor(whole.length / 2)) : whole;
  return { bytes, contentType: contentTypes[format] };
}

/**
 * Starts the picture host on the loopback address.
 * @param {number} [port] 0, the default, takes any free port.
 * @returns the host's origin, its `HOST:PORT`, and a function that closes it
 */
export async function startPictureHost(port = 0) {
  const drawn = new Map();
  const server = createServer((request, response) => {
    const name = /^\/pictures\/([a-z0-9.-]+)$/.exec(request.url ?? '')?.[1] ?? '';
    if (!drawn.has(name)) drawn.set(name, drawPicture(name));
    drawn.get(name).then(
      (picture) => answer(response, picture),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = `127.0.0.1:${server.address().port}`;
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin: `http://${address}`, address, close };
}

function answer(response, picture) {
  if (picture === null) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such picture.\n');
    return;
  }
  response
    .writeHead(200, { 'content-type': picture.contentType, 'content-length': picture.bytes.length })
    .end(picture.bytes);
}

/** A landscape as SVG: a sky, waves or hills of land, and one motif. No text, so no fonts are needed. */
function scene({ width, height, sky, land, motif, lift }) {
  const stops = sky
    .map((color, i) => `<stop offset="${i / (sky.length - 1)}" stop-color="${color}"/>`)
    .join('');
  const hills = [0.55, 0.68, 0.82]
    .map((top, i) => `<path d="${wave(width, height, top, i)}" fill="${land}" opacity="${0.45 + i * 0.25}"/>`)
    .join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">${stops}</linearGradient></defs>` +
    `<rect width="100%" height="100%" fill="url(#sky)"/>${motifs[motif](width, height, lift)}${hills}</svg>`
  );
}

function wave(width, height, top, phase) {
  const crest = Array.from({ length: 41 }, (_, i) => {
    const x = (width * i) / 40;
    const y = height * (top + 0.05 * Math.sin(i / 4 + phase * 2));
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return `M0,${height} L${crest.join(' L')} L${width},${height} Z`;
}

const motifs = {
  sun: (width, height, lift) =>
    `<circle cx="${width * 0.7}" cy="${height * (0.34 - lift)}" r="${height * 0.12}" fill="#fff4d6"/>`,
  boat: (width, height) =>
    `<path d="M${width * 0.3},${height * 0.5} h${width * 0.3} l-${width * 0.05},${height * 0.14} h-${width * 0.2} z" fill="#f8f9fa"/>` +
    `<rect x="${width * 0.38}" y="${height * 0.36}" width="${width * 0.12}" height="${height * 0.14}" fill="#e63946"/>`,
  bars: (width, height) =>
    [0.3, 0.5, 0.42, 0.66, 0.38, 0.58, 0.72, 0.46]
      .map((tall, i) => {
        const fill = i % 2 === 0 ? '#457b9d' : '#e9c46a';
        return `<rect x="${width * (0.1 + i * 0.1)}" y="${height * (0.85 - tall)}" width="${width * 0.07}" height="${height * tall}" fill="${fill}"/>`;
      })
      .join(''),
  route: (width, height) =>
    `<path d="M${width * 0.1},${height * 0.45} C${width * 0.3},${height * 0.05} ${width * 0.6},${height * 0.7} ${width * 0.9},${height * 0.2}" stroke="#d62828" stroke-width="${height * 0.015}" fill="none"/>` +
    `<circle cx="${width * 0.1}" cy="${height * 0.45}" r="${height * 0.03}" fill="#d62828"/>` +
    `<circle cx="${width * 0.9}" cy="${height * 0.2}" r="${height * 0.03}" fill="#d62828"/>`,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const host = await startPictureHost(Number(new URL(SAMPLE_ORIGIN).port));
  process.stdout.write(`Pictures of the samples are at ${host.origin}/pictures/ (Ctrl-C ends).\n`);
}
