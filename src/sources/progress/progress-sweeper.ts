/** The thread that looks at the folder: one answer for each message, and a look where none is left to be told. */

import { parentPort, workerData } from 'node:worker_threads';
import { describeError, errorCode } from '../../lib/describe-error.js';
import { cutSweep } from './cut-sweep.js';
import { createDirectorySweep, type DirectorySweep } from './sweep-directory.js';

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
/** Of the last look, still to be sent. */
let parts: readonly DirectorySweep[] = [];

function answer({ monotonicMs }: SweepRequest): SweepAnswer {
  try {
    const [part, ...rest] = parts.length > 0 ? parts : cutSweep(sweepDirectory(monotonicMs));
    parts = rest;
    return { kind: 'swept', sweepJson: JSON.stringify(part) };
  } catch (error) {
    return { kind: 'failed', code: errorCode(error), message: describeError(error) };
  }
}

port.on('message', (request: SweepRequest) => port.postMessage(answer(request)));
