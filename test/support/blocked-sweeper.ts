/** A sweeper thread whose folder stalls: it hangs in a system call until somebody opens `<folder>/block` to write. */

import { openSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { SweepAnswer } from '../../src/sources/progress/progress-sweeper.js';

const { directory } = workerData as { readonly directory: string };

parentPort?.on('message', () => {
  openSync(join(directory, 'block'), 'r');
  const answer: SweepAnswer = {
    kind: 'swept',
    sweepJson: JSON.stringify({ isComplete: true, changed: [], removed: [], skipped: 0 }),
  };
  parentPort?.postMessage(answer);
});
