import { expect } from 'vitest';
import { article } from './articles.js';
import { kindOf } from './event-rules.js';
import type { Site } from './site.js';

/** Puts `count` small articles into the inbox. */
export function putMany(site: Site, count: number): void {
  for (let index = 0; index < count; index += 1) {
    site.put(`${String(index).padStart(5, '0')}.md`, article(`many-${index}`));
  }
}

/** Fails unless each of `count` articles was created once and nothing else happened. */
export function expectEachOnce(site: Site, count: number): void {
  const events = site.events();
  expect([...new Set(events.map(kindOf))]).toEqual(['created']);
  expect(new Set(events.map(({ subject }) => subject)).size).toBe(count);
  expect(events).toHaveLength(count);
}
