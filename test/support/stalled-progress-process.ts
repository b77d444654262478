/** A process that reads a stalled folder, is told to stop, and should then end by itself. Argument: the folder. */

import { endProcessDespiteThreads } from '../../src/lib/end-thread.js';
import { createProgressSource } from '../../src/sources/progress/progress-source.js';
import { isThreadAtPipe } from './blocked-thread.js';
import { createSourceHarness } from './source-harness.js';
import { waitFor } from './wait-for.js';

const { context, fleet, logLines } = createSourceHarness();
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
await waitFor(
  'the folder to be found stalled, and its thread in a call',
  () => fleet.sources.get('progress')?.problem !== undefined && isThreadAtPipe(),
);
const askedMs = Date.now();
await source.stop();
console.log(JSON.stringify({ stopMs: Date.now() - askedMs, log: logLines.join('') }));
endProcessDespiteThreads();
