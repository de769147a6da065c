import { Command, Option as Flag } from 'commander';
import type { Logger } from 'pino';
import { loadSettings, wantsColour } from '../shared/config/load.js';
import { OPTIONS, type Option } from '../shared/config/options.js';
import type { Settings, SettingsKey } from '../shared/config/settings.js';
import { createLogger } from '../shared/logging/logger.js';

/** Exit codes that others script against. */
export const EXIT = { ok: 0, failed: 1, rejected: 2, usage: 64 } as const;

/** What a command runs with. */
export interface Invocation {
  readonly settings: Settings;
  readonly log: Logger;
  /** True when one machine-readable object is wanted on standard output. */
  readonly json: boolean;
  /** Flags of the command's own. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
}

export interface CommandSpec {
  readonly name: string;
  /** `PATH…` and the like, as commander writes arguments: `<paths...>`, `[id]`. */
  readonly args?: string;
  readonly summary: string;
  readonly example: string;
  /** Settings that matter to it and are shown in its help; the other flags are taken, too. */
  readonly options: readonly SettingsKey[];
  /** Flags of its own. */
  readonly flags?: readonly Flag[];
  readonly json?: boolean;
  /** Below this level nothing is logged; what a person reads goes to standard output. */
  readonly quiet?: boolean;
  /** @returns the exit code */
  run(invocation: Invocation): Promise<number>;
}

/** The commander command of a spec. `done` is told the exit code. */
export function buildCommand(spec: CommandSpec, done: (code: number) => void): Command {
  const command = new Command(spec.name).description(spec.summary);
  if (spec.args) command.argument(spec.args);
  for (const flag of spec.flags ?? []) command.addOption(flag);
  for (const option of OPTIONS) {
    if (!isOwnFlag(spec, option)) addFlag(command, option, spec.options.includes(option.key));
  }
  command.addOption(new Flag('--config <FILE>', 'config file (default ./galley.config.json)'));
  const json = new Flag('--json', 'print one machine-readable object at the end');
  command.addOption(spec.json ? json : json.hideHelp());
  command.addHelpText('after', `\nExample:\n  ${spec.example}`);
  command.action(async () => {
    done(await spec.run(invocationOf(spec, command)));
  });
  return command;
}

/** A command may give a flag a meaning of its own: `calibrate --out` is no sink. */
function isOwnFlag(spec: CommandSpec, { flag }: Option): boolean {
  return spec.flags?.some(({ long }) => long === `--${flag}`) ?? false;
}

function addFlag(command: Command, option: Option, shown: boolean): void {
  if (option.flag === null) return;
  const name = option.negated ? `--no-${option.flag}` : `--${option.flag}`;
  const flag = new Flag(option.value ? `${name} <${option.value}>` : name, option.help);
  if (option.kind === 'list')
    flag.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  command.addOption(shown ? flag : flag.hideHelp());
}

function invocationOf(spec: CommandSpec, command: Command): Invocation {
  const given = command.opts<Record<string, unknown>>();
  const flags: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    if (option.flag === null || isOwnFlag(spec, option)) continue;
    const attribute = camelCase(option.flag);
    // What commander fills in by itself, true for each `--no-…`, was not said by anybody.
    if (command.getOptionValueSource(attribute) === 'cli') flags[option.key] = given[attribute];
  }
  const settings = loadSettings(flags, given['config'] as string | undefined);
  const colour = wantsColour(process.stderr);
  const level = spec.quiet && settings.logLevel === 'info' ? 'warn' : settings.logLevel;
  const log = createLogger({ level, pretty: process.stderr.isTTY === true, colour });
  return { settings, log, json: given['json'] === true, flags: given, args: command.args };
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** Writes to standard output, or to another stream, and waits until it is taken, so that nothing is lost at the exit. */
export async function print(text: string, stream: NodeJS.WritableStream = process.stdout): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write(text.endsWith('\n') ? text : `${text}\n`, () => resolve());
  });
}

export async function printJson(value: unknown): Promise<void> {
  await print(JSON.stringify(value));
}
