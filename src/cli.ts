#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { buildCommand, EXIT } from './commands/command.js';
import { COMMANDS } from './commands/registry.js';
import { PACKAGE } from './shared/config/package.js';
import { redactUrls } from './shared/config/redact.js';
import { GalleyError, UsageError } from './shared/errors/errors.js';

/** Reads the command line, runs the command, answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('galley')
    .description(
      'Drop article files into a folder; verified, scored, normalised records come out, once each, with pictures checked and kept.',
    )
    .version(PACKAGE.version)
    .addHelpText(
      'after',
      '\nExample:\n  galley ingest ./articles --out ./records.ndjson\n\ngalley COMMAND --help shows the flags of a command and an example.',
    );
  const named = COMMANDS.filter(({ name }) => name === argv[0]);
  for (const { load } of named.length > 0 ? named : COMMANDS) {
    program.addCommand(buildCommand(await load(), (result) => void (code = result)));
  }
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      .showSuggestionAfterError();
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return report(error);
  }
}

/** One line on standard error, and the exit code that goes with the error. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code === 'commander.help') return EXIT.usage;
    say(error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '));
    return EXIT.usage;
  }
  if (error instanceof GalleyError) {
    say(error.message);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

function say(text: string): void {
  process.stderr.write(`galley: ${redactUrls(text)}\n`);
}

// A reader that has gone away is no reason for a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2));
// Nothing may keep the process: what is still open was told to close, and had its time.
process.exit();
