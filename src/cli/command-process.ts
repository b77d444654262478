/** Hands arguments, environment and signals to the command line, and its exit code to the system. */

import { readFileSync } from 'node:fs';
import { describeError } from '../lib/describe-error.js';
import { endProcessDespiteThreads } from '../lib/end-thread.js';
import { escapeControls } from '../lib/escape-controls.js';
import { personTerminal } from './person-terminal.js';
import { runCommandLine } from './program.js';

const EXIT_GRACE_MS = 500;

function packageVersion(): string {
  // Three folders deep in a checkout (build/src/cli), two in the package (dist/cli).
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string })
        .version;
    } catch {
      // Not there: the next place is tried, and an unknown version is no reason not to start.
    }
  }
  return 'unknown';
}

// Whoever reads the output has read enough (`stagewatch status | head`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
const terminal = personTerminal(process);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  version: packageVersion(),
  isTerminal: process.stdout.isTTY === true,
  ...(terminal && { terminal }),
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(escapeControls(text, { keepsLines: true })),
  onSignal: (signal, handler) => process.on(signal, handler),
}).catch((error: unknown) => {
  process.stderr.write(`stagewatch: ${escapeControls(describeError(error))}\n`);
  return 1;
});
endProcessDespiteThreads();
// What a library may still hold (a connection it is opening) must not keep a stopped daemon alive.
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
