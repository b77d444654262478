/** The thread that looks at the files: a stalled mount blocks it and nothing else. */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../lib/clock.js';
import { createObserver } from './observer.js';
import { systemIo } from './observer-io.js';
import type { ObserverOptions, ReportTaken } from './observer-messages.js';
import { createReporter } from './reporter.js';

if (!parentPort) throw new Error('runs only as a thread of the sentinel source');
const port = parentPort;
const reporter = createReporter((report) => port.postMessage(report));
const observer = createObserver(workerData as ObserverOptions, {
  io: systemIo,
  clock: systemClock,
  reporter,
});
port.on('message', (message: ReportTaken) => {
  if (message.kind === 'taken') reporter.taken();
});
observer.start();
