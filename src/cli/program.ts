/** The command line: which commands there are and what they take. */

import { Command } from 'commander';
import { checkConfig } from './check-config-command.js';
import type { CommandContext } from './command-context.js';
import { type ServeOptions, serve } from './serve-command.js';

/** Runs the command that `args` names and resolves with the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  let exitCode = 0;
  const program = new Command('stagewatch')
    .description('Watches GPU pipelines that run as hundreds of Docker containers.')
    .version(context.version)
    .configureOutput({ writeOut: context.write, writeErr: context.writeError })
    .showHelpAfterError('(stagewatch --help lists the commands)');

  program
    .command('serve', { isDefault: true })
    .description('run the daemon')
    .option(
      '-c, --config <file>',
      'configuration; without it ./stagewatch.yaml if there is one, else defaults',
    )
    .action(async (options: ServeOptions) => {
      exitCode = await serve(options, context);
    });

  program
    .command('check-config')
    .description('name every fault of a configuration')
    .argument('[file]', 'the configuration', 'stagewatch.yaml')
    .action((file: string) => {
      exitCode = checkConfig(file, context);
    });

  await program.parseAsync([...args], { from: 'user' });
  return exitCode;
}
