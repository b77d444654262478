/** The sentinel source's thread, on a file server whose clock is three hours behind. */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../src/lib/clock.js';
import { createObserver } from '../../src/sources/sentinels/observer.js';
import type { ObserverOptions } from '../../src/sources/sentinels/observer-messages.js';
import { createReporter } from '../../src/sources/sentinels/reporter.js';
import { skewedIo } from './skewed-io.js';

export const BEHIND_MS = 3 * 3_600_000;

if (parentPort) {
  const port = parentPort;
  const reporter = createReporter((report) => port.postMessage(report));
  const io = skewedIo(-BEHIND_MS);
  const observer = createObserver(workerData as ObserverOptions, { io, clock: systemClock, reporter });
  port.on('message', () => reporter.taken());
  observer.start();
}
