/** The thread that looks at the folder: one look for each message, one answer for each look. */

import { parentPort, workerData } from 'node:worker_threads';
import { describeError, errorCode } from '../../lib/describe-error.js';
import { createDirectorySweep } from './sweep-directory.js';

export interface SweepRequest {
  readonly monotonicMs: number;
}

export type SweepAnswer =
  /** A DirectorySweep as JSON: one string to copy between the threads instead of an object for each file. */
  | { readonly kind: 'swept'; readonly sweepJson: string }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string };

const port = parentPort;
if (!port) throw new Error('progress-sweeper runs as a worker thread only');
const sweepDirectory = createDirectorySweep((workerData as { readonly directory: string }).directory);

function answer({ monotonicMs }: SweepRequest): SweepAnswer {
  try {
    return { kind: 'swept', sweepJson: JSON.stringify(sweepDirectory(monotonicMs)) };
  } catch (error) {
    return { kind: 'failed', code: errorCode(error), message: describeError(error) };
  }
}

port.on('message', (request: SweepRequest) => port.postMessage(answer(request)));
