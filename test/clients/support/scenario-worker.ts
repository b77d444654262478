/** A worker that does what its messages say, as clients/python/tests/scenario_worker.py. */

import { createWorkerConnection, UsageError, type WorkerOptions } from '../../../clients/node/worker.js';
import { handle } from './scenario-handler.js';

const { threaded, ...options } = JSON.parse(process.env['WORKER_OPTIONS'] ?? '{}') as WorkerOptions & {
  readonly threaded?: boolean;
};

try {
  const handler = threaded ? new URL('./scenario-handler.js', import.meta.url) : handle;
  const isDrained = await createWorkerConnection({ ...options, handler }).run();
  // A handler that never returns keeps the process alive, and nothing else may.
  if (!isDrained) process.exit(0);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`stagewatch: ${error.message}\n`);
  process.exit(2);
}
