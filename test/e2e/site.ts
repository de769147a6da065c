import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GalleyEvent } from '../../src/shared/events/event.js';
import type { Record as ArticleRecord } from '../../src/shared/record/schema.js';
import { freePort } from '../support/free-port.js';
import { startCommand, type CommandOptions, type Ended, type Running } from './command.js';
import { checkEvents, kindOf } from './event-rules.js';
import { until } from './until.js';

const STOP_MS = 12_000;

export interface Summary {
  readonly files: number;
  readonly delivered: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly superseded: number;
  readonly failed: number;
  readonly moved: number;
  readonly removed: number;
  readonly images: { verified: number; failed: number; skipped: number; cached: number };
}

/** What `/readyz` answered. */
export interface Readiness {
  readonly status: number;
  readonly reasons: readonly string[];
}

/** A `galley run` with its health. */
export interface Owner extends Running {
  readonly port: number;
  readiness(): Promise<Readiness | null>;
}

/**
 * A pipeline of a test's own, used as its users do: files in, events out.
 */
export class Site {
  readonly dir: string;
  readonly inbox: string;
  readonly state: string;
  readonly out: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #running = new Set<Running>();
  #counted = { bytes: 0, lines: 0 };

  constructor(dir: string, env: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.inbox = path.join(dir, 'inbox');
    this.state = path.join(dir, 'state');
    this.out = path.join(dir, 'out.ndjson');
    this.env = env;
    mkdirSync(this.inbox);
  }

  /** Writes a file under the inbox that looks at rest for a minute. */
  put(name: string, content: string | Uint8Array): string {
    const file = this.write(name, content);
    const before = Date.now() / 1000 - 60;
    utimesSync(file, before, before);
    return file;
  }

  /** Writes a file under the inbox as an editor does that writes in place. */
  write(name: string, content: string | Uint8Array): string {
    const file = path.join(this.inbox, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  start(args: readonly string[], options: Partial<CommandOptions> = {}): Running {
    const env = { ...this.env, ...options.env };
    const running = startCommand(args, { cwd: this.dir, ...options, env });
    this.#running.add(running);
    const forget = (): void => void this.#running.delete(running);
    running.ended.then(forget, forget);
    return running;
  }

  /** Runs a command to its end. */
  galley(args: readonly string[], options: Partial<CommandOptions> = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** The flags that keep a command to this site's folders. */
  get flags(): readonly string[] {
    return ['--state', this.state, '--out', this.out];
  }

  startIngest(extra: readonly string[] = [], options: Partial<CommandOptions> = {}): Running {
    return this.start(['ingest', this.inbox, '--json', ...this.flags, ...extra], options);
  }

  /** Runs `ingest` over the inbox. */
  async ingest(
    extra: readonly string[] = [],
    options: Partial<CommandOptions> = {},
  ): Promise<Ended & { readonly summary: Summary }> {
    const ended = await this.startIngest(extra, options).ended;
    if (!ended.stdout.startsWith('{')) {
      throw new Error(`ingest ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
    }
    return { ...ended, summary: JSON.parse(ended.stdout) as Summary };
  }

  /** Starts `galley run` and waits until it is ready. */
  async run(extra: readonly string[] = [], options: Partial<CommandOptions> = {}): Promise<Owner> {
    const port = await freePort();
    const running = this.start(
      ['run', '--inbox', this.inbox, ...this.flags, '--port', String(port), ...extra],
      options,
    );
    const owner = { ...running, port, readiness: () => readinessOf(port) };
    let ended = false;
    void running.ended.then(() => (ended = true));
    await until(
      () => `galley run to be ready; it said: ${running.stderr()}`,
      async () => ended || (await owner.readiness())?.status === 200,
    );
    if (ended) throw new Error(`galley run ended: ${running.stderr()}`);
    return owner;
  }

  /** What is in the sink: what follows the last line feed is still being written. */
  events(): GalleyEvent[] {
    if (!existsSync(this.out)) return [];
    const lines = readFileSync(this.out, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as GalleyEvent);
  }

  /** How many whole lines the sink has; reads only what was added since the last look. */
  count(): number {
    if (!existsSync(this.out)) return 0;
    const file = openSync(this.out, 'r');
    try {
      const { size } = fstatSync(file);
      // A sink that takes up after a crash cuts off what it does not vouch for.
      if (size < this.#counted.bytes) this.#counted = { bytes: 0, lines: 0 };
      const added = Buffer.alloc(size - this.#counted.bytes);
      const read = readSync(file, added, 0, added.length, this.#counted.bytes);
      let { lines } = this.#counted;
      for (let at = added.indexOf(0x0a); at !== -1 && at < read; at = added.indexOf(0x0a, at + 1)) lines += 1;
      this.#counted = { bytes: this.#counted.bytes + read, lines };
      return lines;
    } finally {
      closeSync(file);
    }
  }

  /** Kinds of the events of a file, in order. */
  kinds(subject: string): string[] {
    return this.events()
      .filter((event) => event.subject === subject)
      .map(kindOf);
  }

  /** How many events there are of a kind. */
  countOf(kind: string): number {
    return this.events().filter((event) => kindOf(event) === kind).length;
  }

  /** The record of the last `created` or `updated` that came from a file. */
  record(subject: string): ArticleRecord | null {
    const event = this.events().findLast(
      (candidate) =>
        candidate.subject === subject &&
        (candidate.type === 'galley.article.created' || candidate.type === 'galley.article.updated'),
    );
    return event && 'title' in event.data ? event.data : null;
  }

  /** Waits until there is an event of this kind for this file, `times` of them. */
  async came(subject: string, kind: string, times = 1): Promise<void> {
    await until(
      () =>
        `${kind} of ${subject}; there is ${this.events()
          .map((e) => `${kindOf(e)} ${e.subject}`)
          .slice(-12)
          .join(', ')}`,
      () => this.kinds(subject).filter((each) => each === kind).length >= times,
    );
  }

  /** Ends what is still running: cleanly, or after a while for good. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (running) => {
        running.kill('SIGTERM');
        const timer = setTimeout(() => running.kill('SIGKILL'), STOP_MS);
        await running.ended;
        clearTimeout(timer);
      }),
    );
  }

  /** Fails when an event of the sink breaks the schema, the order or "once"; says where. */
  checkEvents(): void {
    try {
      checkEvents(this.events());
    } catch (error) {
      throw new Error(`${this.out}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}

/** Makes the folders of a site. Whoever opens one stops it and removes `dir`. */
export function openSite(env: Readonly<Record<string, string>> = {}): Site {
  return new Site(realpathSync(mkdtempSync(path.join(tmpdir(), 'galley-e2e-'))), env);
}

async function readinessOf(port: number): Promise<Readiness | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    const { reasons } = (await response.json()) as { reasons: string[] };
    return { status: response.status, reasons };
  } catch {
    return null;
  }
}
