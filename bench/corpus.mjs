import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS =
  'river council market energy school robot vaccine bridge satellite harbour budget theatre engine forest museum election'.split(
    ' ',
  );
const FIRST = Date.UTC(2026, 0, 1);

/**
 * A folder of articles like the seed: 1.5 to 2 KB each, `secured` included, without pictures. The same numbers give
 * the same bytes.
 */
export function makeCorpus(dir, count, seed = 1) {
  mkdirSync(dir, { recursive: true });
  const random = mulberry32(seed);
  const word = () => WORDS[Math.floor(random() * WORDS.length)];
  for (let i = 0; i < count; i++)
    writeFileSync(join(dir, `${String(i).padStart(7, '0')}-${word()}.md`), article(i, seed, word));
  return dir;
}

function article(i, seed, word) {
  const paper = i % 40;
  const excerpt = Array.from({ length: 24 + (i % 16) }, word).join(' ');
  return `---
category: news
title: "The ${word()} and the ${word()} meet for the ${i}th time"
excerpt: "Number ${i}: ${excerpt}."
publishedDateTime: ${new Date(FIRST + i * 61_000).toISOString()}
originalUrl: "https://paper-${paper}.example/${seed}/${i}?utm_source=feed"
webUrl: "https://paper-${paper}.example/${seed}/${i}"
type: article

provider:
  name: Paper ${paper}
  domain: paper-${paper}.example

topics:
  - ${word()}
  - ${word()}

related:
  - title: "What the ${word()} said about the ${word()}"
    excerpt: "${Array.from({ length: 20 }, word).join(' ')}."
    publishedDateTime: ${new Date(FIRST + i * 61_000 - 86_400_000).toISOString()}
    webUrl: "https://paper-${(paper + 7) % 40}.example/${seed}/related/${i}"
    type: article
    provider:
      name: Paper ${(paper + 7) % 40}
      domain: paper-${(paper + 7) % 40}.example

secured: "${Buffer.alloc(480, i).toString('base64')};${Buffer.alloc(16, i).toString('base64')}"
---
`;
}

/** A small seeded generator (Tommy Ettinger's mulberry32), so that a run can be repeated. */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
