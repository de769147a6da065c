import type { CommitInput } from '../../src/shared/state/contract.js';
import type { Present } from '../../src/shared/state/observation.js';

/** What a test says of a reading; the rest is filled in. */
export interface Reading {
  readonly key: string;
  readonly number: number;
  readonly retry?: number;
  readonly article?: string;
  readonly content?: string;
  readonly published?: number;
  readonly body?: string;
  readonly movedFrom?: { key: string; number: number };
}

/** A good reading of a source. */
export function accepted(reading: Reading): CommitInput {
  const content = reading.content ?? 'one';
  return {
    observation: present(reading, content),
    retry: reading.retry ?? 0,
    finding: {
      kind: 'accepted',
      articleId: reading.article ?? `article-of-${reading.key}`,
      slug: 'a-slug',
      contentHash: `hash-of-${content}`,
      rank: { published: reading.published ?? null, mtimeNs: '1700000000000000000' },
      body: reading.body ?? bodyOf(reading.key, content),
    },
  };
}

/** A reading that was found bad. */
export function rejected(reading: Reading): CommitInput {
  return {
    observation: present(reading, reading.content ?? 'bad'),
    retry: 0,
    finding: { kind: 'rejected', problems: [{ code: 'missing', field: 'title', message: 'there is none' }] },
  };
}

export function gone(key: string, number: number): CommitInput {
  return {
    observation: { kind: 'gone', key, number, path: pathOf(key) },
    retry: 0,
    finding: { kind: 'gone' },
  };
}

/** The content that is committed was seen again. */
export function same(reading: Reading): CommitInput {
  return { observation: present(reading, reading.content ?? 'one'), retry: 0, finding: { kind: 'same' } };
}

/** JSON of a record's body; the store looks at none of it, the commit rule at the source's path alone. */
export function bodyOf(key: string, content: string, padding = ''): string {
  return JSON.stringify({ source: { path: pathOf(key) }, title: content, padding });
}

function present(reading: Reading, content: string): Present {
  const { key, number, movedFrom } = reading;
  return {
    kind: 'present',
    key,
    number,
    path: pathOf(key),
    stat: {
      bytes: 1,
      mtimeNs: '1700000000000000000',
      ctimeNs: '1700000000000000001',
      inode: '7',
      settled: true,
    },
    fingerprint: `fingerprint-of-${content}`,
    ...(movedFrom ? { movedFrom: { ...movedFrom, path: pathOf(movedFrom.key) } } : {}),
  };
}

function pathOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
