#!/usr/bin/env node
/** Entry point: `sentinel` is a small program of its own, so that scripts may call it often; all else is the command line. */

if (process.argv[2] === 'sentinel') {
  // Built beside this one from clients/node, which knows nothing of the daemon.
  const entry: string = './worker/sentinel-command.js';
  const { runSentinelCommand } = (await import(entry)) as {
    readonly runSentinelCommand: (args: readonly string[]) => Promise<number>;
  };
  process.exitCode = await runSentinelCommand(process.argv.slice(3));
} else {
  await import('./cli/command-process.js');
}
