/** The command line: which commands there are and what they take. */

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { nearestWord } from '../lib/nearest-word.js';
import { REPORT_FORMATS } from '../report/report-format.js';
import { PROFILES } from '../simulation/profile.js';
import { type CheckConfigOptions, checkConfig } from './check-config-command.js';
import type { CommandContext } from './command-context.js';
import type { PostOptions } from './daemon-post.js';
import type { DemoOptions } from './demo-command.js';
import { EXIT_CODES } from './exit-codes.js';
import type { ReportCommandOptions } from './report-command.js';
import type { RestartOptions } from './restart-command.js';
import { type ServeOptions, serve } from './serve-command.js';
import { addSilence, expireSilence, listSilences, type SilenceAddOptions } from './silence-command.js';
import type { StatusOptions } from './status-command.js';
import type { WhyOptions } from './why-command.js';

const READING_TOKENS = 'STAGEWATCH_WEB_READ_TOKEN(_FILE), STAGEWATCH_WEB_BEARER_TOKEN(_FILE)';

/** Runs the command that `args` names and resolves with the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  let exitCode = 0;
  const program = new Command('stagewatch')
    .description('Watches GPU pipelines that run as hundreds of Docker containers.')
    .version(context.version)
    .configureOutput({ writeOut: context.write, writeErr: context.writeError })
    .showHelpAfterError('(stagewatch --help lists the commands)')
    .exitOverride();

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
    .option('--strict', 'also fail (exit 2) when there are warnings')
    .action((file: string, options: CheckConfigOptions) => {
      exitCode = checkConfig(file, options, context);
    });

  addDemo(program, async (options) => {
    // Loaded late: no other command needs the simulation.
    const { demo } = await import('./demo-command.js');
    exitCode = await demo(options, context);
  });
  addStatus(program, async (options) => {
    // Loaded late: the daemon draws nothing.
    const { status } = await import('./status-command.js');
    exitCode = await status(options, context);
  });

  addWhy(program, async (container, options) => {
    const { why } = await import('./why-command.js');
    exitCode = await why(container, options, context);
  });
  addRestart(program, async (container, options) => {
    const { restart } = await import('./restart-command.js');
    exitCode = await restart(container, options, context);
  });
  addSilences(program, async (run) => {
    exitCode = await run(context);
  });
  program
    .command('test-notification')
    .description('send a message by each configured channel, and say which arrived; needs no running daemon')
    .option('-c, --config <file>', 'configuration, as for serve')
    .action(async (options: { readonly config?: string }) => {
      // Loaded late: no other command needs mail.
      const { testNotification } = await import('./test-notification-command.js');
      exitCode = await testNotification(options, context);
    });
  // Listed here for its help; src/main.ts runs it without loading this.
  program
    .command('sentinel')
    .description('wait for, write or refuse the files that end a job (exit 0 done, 1 failed, 4 timed out)')
    .usage('wait|done|fail PATH...');
  addReport(program, async (options) => {
    const { report } = await import('./report-command.js');
    exitCode = await report(options, context);
  });

  const unknown = describeUnknownCommand(args[0], program);
  if (unknown !== undefined) {
    context.writeError(`error: ${unknown}\n(stagewatch --help lists the commands)\n`);
    return EXIT_CODES.badUsage;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end so too.
    return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.badUsage;
  }
  return exitCode;
}

/** Undefined: it is a command, or an option of the one that needs no name. */
function describeUnknownCommand(word: string | undefined, { commands }: Command): string | undefined {
  const names = [...commands.map((command) => command.name()), 'help'];
  if (word === undefined || word.startsWith('-') || names.includes(word)) return undefined;
  const nearest = names.find((name) => name.startsWith(word)) ?? nearestWord(word, names);
  return `there is no command '${word}'${nearest === undefined ? '' : `, did you mean ${nearest}?`}`;
}

function addRestart(
  program: Command,
  act: (container: string, options: RestartOptions) => Promise<void>,
): void {
  const restart = program
    .command('restart')
    .description('restart a worker through the daemon, by its rules and into its journal')
    .argument('<container>', 'its name, or the beginning of its id')
    .option('-n, --dry-run', 'only say what would be done')
    .option('-f, --force', 'also when it is not stuck, or rules speak against it; begins its budget anew')
    .option('--why <text>', 'the reason, for the journal')
    .action(act);
  addAccess(restart, 'STAGEWATCH_WEB_BEARER_TOKEN(_FILE)');
}

/** How to reach the daemon. */
function addAccess(command: Command, token: string): Command {
  return addCredentials(
    command.option('-u, --url <url>', 'the daemon; without it STAGEWATCH_URL, else http://127.0.0.1:9847'),
    { token, variable: (name) => `; without it STAGEWATCH_${name}` },
  );
}

interface CredentialWords {
  readonly token: string;
  readonly variable: (name: string) => string;
}

function addCredentials(command: Command, { token, variable }: CredentialWords): Command {
  const orToken = token === '' ? '' : `; without it ${token}`;
  return command
    .option('-t, --token-file <file>', `holds the token${orToken}`)
    .option('--user-file <file>', `holds user:password${variable('USER(_FILE)')}`)
    .option('--ca-file <file>', `authority of the server's certificate${variable('CA_FILE')}`)
    .option('--cert-file <file>', `certificate to show${variable('CERT_FILE')}`)
    .option('--key-file <file>', `its key${variable('KEY_FILE')}`);
}

function addDemo(program: Command, run: (options: DemoOptions) => Promise<void>): void {
  program
    .command('demo')
    .description('run the daemon on a simulated pipeline; needs nothing installed')
    .addOption(new Option('--profile <name>', 'size of the pipeline').choices(PROFILES).default('2gpu'))
    .option('--speed <n>', 'seconds of the pipeline in one of ours, 1 to 60', numberFrom(1, 60), 20)
    .option('--listen <host:port>', 'where to serve page, metrics and API', '127.0.0.1:9847')
    .option('--duration <seconds>', 'end after so long', numberFrom(1, 31_536_000))
    .option('--seed <n>', 'another seed, another run', numberFrom(0, 2 ** 32 - 1), 1)
    .option('--recover', 'restart stuck workers; else it is only said what would be restarted')
    .option('--servers-only', 'no daemon: print the configuration for one, and serve what it watches')
    .action(run);
}

type RunInContext = (run: (context: CommandContext) => Promise<number>) => Promise<void>;

function addSilences(program: Command, run: RunInContext): void {
  const silence = program
    .command('silence')
    .description('be told nothing of some findings for a while; through the running daemon');
  const ofDaemon = (command: Command): Command => addAccess(command, 'STAGEWATCH_WEB_BEARER_TOKEN(_FILE)');
  ofDaemon(silence.command('add'))
    .description('silence the findings that fit all of these name patterns (* and ?)')
    .option('--kind <pattern>', 'WorkerStuck, Gpu*')
    .option('--container <pattern>', 'name of a container')
    .option('--stage <pattern>', 'id of a stage')
    .option('--queue <pattern>', 'name of a queue')
    .option('--gpu <pattern>', 'index of a GPU')
    .option('--severity <pattern>', 'critical, warning or info')
    .option('--for <duration>', 'how long: 30m, 2h', '2h')
    .option('--comment <text>', 'why')
    .option('--by <name>', 'who asks; else your user name')
    .action((options: SilenceAddOptions) => run((context) => addSilence(options, context)));
  ofDaemon(silence.command('list', { isDefault: true }))
    .description('what is silenced now')
    .action((options: PostOptions) => run((context) => listSilences(options, context)));
  ofDaemon(silence.command('expire'))
    .description('end a silence before its time')
    .argument('<id>', 'as add and list say it')
    .action((id: string, options: PostOptions) => run((context) => expireSilence(id, options, context)));
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a number from ${least} to ${most}.`);
  };
}

function addStatus(program: Command, act: (options: StatusOptions) => Promise<void>): void {
  const status = program
    .command('status')
    .description(
      'show the health of the pipeline, from a running daemon (exit 0 well, 1 problems or nothing to judge, 3 unreachable)',
    )
    .option('-w, --watch', 'keep showing it, with keys to filter and select')
    .option('--json', 'the fleet as the API has it, with the problems in order and the sentence')
    .option('-p, --problems', 'only what is wrong, all of it in full')
    .option('-s, --stage <id>', 'only one stage, its workers one by one')
    .option('-g, --gpu <index>', 'only one GPU, its workers one by one')
    .option('-f, --filter <text>', 'only what contains the text: a container, a document, a status')
    .option('--ascii', 'no characters beyond ASCII')
    .action(act);
  addAccess(status, READING_TOKENS);
}

function addWhy(program: Command, act: (container: string, options: WhyOptions) => Promise<void>): void {
  const why = program
    .command('why')
    .description(
      'show everything known of one container: its status, the facts behind it, what recovery would do',
    )
    .argument('<container>', 'its name, or the beginning of its id')
    .option('--json', 'as the API has it')
    .option('--ascii', 'no characters beyond ASCII')
    .action(act);
  addAccess(why, READING_TOKENS);
}

function addReport(program: Command, act: (options: ReportCommandOptions) => Promise<void>): void {
  const report = program
    .command('report')
    .description('tell what a run did: from Prometheus, the journal, or both (exit 1 when --fail-if holds)')
    .option('--prometheus <url>', 'a Prometheus that scraped the daemon')
    .option(
      '--journal <path>',
      'data_dir of the daemon; without it STAGEWATCH_DATA_DIR, else ./stagewatch-data',
    )
    .option('--from <time>', 'begin: 2026-01-31T08:00:00Z, Unix seconds, or how long ago (8h)')
    .option('--to <time>', 'end; without both what is known of the last 24 hours')
    .option('--against <range>', 'compare with FROM..TO, or with so long earlier (24h)')
    .option('--final-stage <id>', 'the stage that ends a document; without it the last of the DAG')
    .addOption(new Option('--format <name>', 'how to render it').choices(REPORT_FORMATS).default('terminal'))
    .option('--fail-if <expression>', 'exit 1 when it holds: failed>10 or critical>0 and open>0')
    .action(act);
  // Of Prometheus, which has secrets of its own: none is taken from the daemon's environment.
  addCredentials(report, { token: '', variable: () => ' for Prometheus' });
}
