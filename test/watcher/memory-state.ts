import type { Sighting } from '../../src/shared/state/observation.js';
import type { SourceRow } from '../../src/shared/state/rows.js';
import type { Intake, Log, SourceBook } from '../../src/watcher/ports.js';

/** What the watcher sent, in order. */
export type Sent =
  | { readonly kind: 'present'; readonly path: string; readonly sighting: Sighting }
  | { readonly kind: 'gone'; readonly path: string; readonly key: string };

/** A state and intake in memory: what is accepted is committed in order, at once or when the test lets it. */
export class MemoryState implements SourceBook, Intake {
  readonly rows = new Map<string, SourceRow>();
  readonly sent: Sent[] = [];
  /** Order of commits and removals, for tests of what comes first. */
  readonly committed: string[] = [];
  refusals = 0;
  #held: (() => void)[] | null = null;
  #number = 0;

  /** From now on what is accepted stays uncommitted. */
  holdCommits(): void {
    this.#held ??= [];
  }

  letCommits(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const commit of held) commit();
  }

  sources(keys: readonly string[]): Promise<Map<string, SourceRow | null>> {
    return Promise.resolve(new Map(keys.map((key) => [key, this.rows.get(key) ?? null])));
  }

  async *scanSources(prefix: string): AsyncGenerator<readonly SourceRow[]> {
    const rows = [...this.rows.values()].filter((row) => !row.gone && row.key.startsWith(prefix));
    for (let start = 0; start < rows.length; start += 100) {
      await Promise.resolve();
      yield rows.slice(start, start + 100);
    }
  }

  async present(sighting: Sighting): Promise<void> {
    await Promise.resolve();
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new Error('the intake is not there');
    }
    this.sent.push({ kind: 'present', path: sighting.path, sighting });
    this.#commit(() => {
      const bad = sighting.problem ?? (isArticle(sighting.text ?? '') ? null : BAD);
      this.#row(sighting.key, sighting.path, {
        gone: false,
        fingerprint: sighting.fingerprint,
        stat: sighting.stat,
        problems: bad === null ? null : [bad],
      });
      if (sighting.movedFrom) this.#row(sighting.movedFrom.key, sighting.movedFrom.path, { gone: true });
      this.committed.push(`present ${sighting.path}`);
    });
  }

  async gone(source: { key: string; path: string }): Promise<void> {
    await Promise.resolve();
    this.sent.push({ kind: 'gone', ...source });
    this.#commit(() => {
      this.#row(source.key, source.path, { gone: true });
      this.committed.push(`gone ${source.path}`);
    });
  }

  settled(): Promise<void> {
    const held = this.#held;
    return held === null ? Promise.resolve() : new Promise((resolve) => held.push(resolve));
  }

  /** What was sent, as words: `+a.md`, `=a.md` (same as committed), `a.md>b.md`, `-a.md`. */
  words(from = 0): string[] {
    return this.sent.slice(from).map((one) => {
      if (one.kind === 'gone') return `-${one.path}`;
      if (one.sighting.movedFrom) return `${one.sighting.movedFrom.path}>${one.path}`;
      return `${one.sighting.sameAsCommitted ? '=' : '+'}${one.path}`;
    });
  }

  last(path: string): Sighting | undefined {
    const found = this.sent.findLast((one) => one.kind === 'present' && one.path === path);
    return found?.kind === 'present' ? found.sighting : undefined;
  }

  #commit(commit: () => void): void {
    if (this.#held === null) commit();
    else this.#held.push(commit);
  }

  #row(key: string, path: string, change: Partial<SourceRow>): void {
    const before = this.rows.get(key) ?? blank(key, path);
    this.#number += 1;
    this.rows.set(key, { ...before, ...change, number: this.#number });
  }
}

const BAD = { code: 'test', field: '', message: 'not an article' };

function blank(key: string, path: string): SourceRow {
  return {
    key,
    path,
    number: 0,
    retry: 0,
    gone: false,
    fingerprint: '',
    stat: null,
    outcome: 'created',
    articleId: null,
    contentHash: null,
    isRecord: true,
    problems: null,
    rejections: 0,
    at: 0,
  };
}

/** What counts as a whole article in these tests. */
export function isArticle(text: string): boolean {
  return /^---\n[^]*\n---\n/.test(text);
}

export function article(title: string): string {
  return `---\ntitle: ${title}\n---\n`;
}

/** A log that keeps warnings and errors. */
export class MemoryLog implements Log {
  readonly lines: { level: 'warn' | 'error'; message: string; fields: object }[] = [];
  debug(): void {}
  info(): void {}
  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', message, fields });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', message, fields });
  }
}
