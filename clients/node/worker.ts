/** `stagewatch/worker`: the worker's side for Node.js: progress, sentinels and a broker connection, right by default. */

export { JobFailed, UsageError, WaitTimeout } from './errors.js';
export {
  createJob,
  type EndOptions,
  type Job,
  type JobFacts,
  type JobOptions,
  type JobReporter,
  runJob,
} from './job.js';
export type { Delivery, Message } from './message.js';
export { type Failure, writeFailure, writeSuccess } from './sentinel.js';
export { forgetSentinels, type WaitOptions, waitForSentinels } from './wait.js';
export { createWorkerConnection, type WorkerConnection } from './worker-connection.js';
export type { Handler, Log, WorkerOptions } from './worker-options.js';
