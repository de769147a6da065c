import { createHash } from 'node:crypto';
import type { Article, RecordImage } from '../../record/schema.js';

/** An article that editors had scored. */
export interface Example {
  /** What tells it from the others: its path. */
  readonly key: string;
  readonly article: Article;
  readonly images: readonly RecordImage[];
  readonly wanted: { readonly quality: number; readonly published?: boolean };
}

/** Two halves that are the same for the same keys and seed, whatever order the examples come in. */
export function halves(examples: readonly Example[], seed: number): readonly [Example[], Example[]] {
  const shuffled = examples
    .map((example) => ({ example, place: hash(`${seed} ${example.key}`) }))
    .toSorted((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0))
    .map(({ example }) => example);
  const middle = Math.ceil(shuffled.length / 2);
  return [shuffled.slice(0, middle), shuffled.slice(middle)];
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The domain (or name) of the provider that most examples are from, the first in order of several. */
export function mostCommonProvider(examples: readonly Example[]): string | undefined {
  const counts = new Map<string, number>();
  for (const example of examples) {
    const id = providerOf(example);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

/** What a provider is known by. */
export function providerOf({ article: { provider } }: Example): string {
  return (provider.domain ?? provider.name).toLowerCase();
}
