/** A process that reads a stalled folder, is told to stop, and should then end by itself. Argument: the folder. */

import { setTimeout as pause } from 'node:timers/promises';
import { endProcessDespiteThreads } from '../../src/lib/end-thread.js';
import { createProgressSource } from '../../src/sources/progress/progress-source.js';
import { createSourceHarness } from './source-harness.js';

const { context, logLines } = createSourceHarness();
const source = createProgressSource(
  {
    directory: process.argv[2] ?? '',
    intervalMs: 100,
    stallLimitMs: 200,
    script: new URL('./blocked-sweeper.js', import.meta.url),
  },
  context,
);
process.on('SIGTERM', () => undefined);
source.start();
await pause(600);
const askedMs = Date.now();
await source.stop();
console.log(JSON.stringify({ stopMs: Date.now() - askedMs, log: logLines.join('') }));
endProcessDespiteThreads();
