/** Keeps one thread that looks at the folder: starts it, asks it, starts it anew when it dies, never has two. */

import { Worker } from 'node:worker_threads';
import type { Clock } from '../../lib/clock.js';
import { endThread } from '../../lib/end-thread.js';
import type { Logger } from '../../lib/logger.js';
import { SourceError } from '../source-error.js';
import type { SweepAnswer, SweepRequest } from './progress-sweeper.js';
import type { DirectorySweep } from './sweep-directory.js';

export interface SweeperThread {
  /** The answer to the look under way, if one has not been answered yet: a stalled look is never asked twice. */
  sweep(monotonicMs: number): Promise<DirectorySweep>;
  /** Resolves within a second, even when the thread hangs in a system call. */
  close(): Promise<void>;
}

export interface SweeperThreadOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The compiled file that the thread runs. */
  readonly script?: URL | undefined;
}

const SCRIPT = new URL('./progress-sweeper.js', import.meta.url);
/** 20,000 files take about 30 MB. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };
const CLOSE_LIMIT_MS = 1000;

interface Look {
  readonly promise: Promise<DirectorySweep>;
  readonly resolve: (sweep: DirectorySweep) => void;
  readonly reject: (error: Error) => void;
}

export function createSweeperThread(options: SweeperThreadOptions): SweeperThread {
  const { directory, clock, log, script = SCRIPT } = options;
  let thread: Worker | undefined;
  let look: Look | undefined;

  function start(): Worker {
    const started = new Worker(script, { workerData: { directory }, resourceLimits: RESOURCE_LIMITS });
    started.unref();
    started.on('message', (answer: SweepAnswer) => {
      const answered = look;
      look = undefined;
      if (answer.kind === 'swept') answered?.resolve(JSON.parse(answer.sweepJson) as DirectorySweep);
      else answered?.reject(directoryError(directory, answer));
    });
    started.on('error', (error) => died(started, error));
    started.on('exit', () => died(started, new Error('it ended')));
    return started;
  }

  function died(which: Worker, cause: unknown): void {
    if (thread !== which) return;
    thread = undefined;
    const asked = look;
    look = undefined;
    asked?.reject(new SourceError('interrupted', 'the thread that reads progress files died', { cause }));
  }

  return {
    sweep(monotonicMs) {
      if (look) return look.promise;
      const asked = createLook();
      look = asked;
      thread ??= start();
      const request: SweepRequest = { monotonicMs };
      thread.postMessage(request);
      return asked.promise;
    },
    async close() {
      const ending = thread;
      thread = undefined;
      look = undefined;
      if (!ending) return;
      if ((await endThread(ending, { clock, limitMs: CLOSE_LIMIT_MS })) === 'left-behind') {
        log.warn({ directory }, 'a call to the file system does not return, its thread is left behind');
      }
    },
  };
}

function createLook(): Look {
  let resolve: Look['resolve'] = () => undefined;
  let reject: Look['reject'] = () => undefined;
  const promise = new Promise<DirectorySweep>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Whoever asked may have given up long ago.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function directoryError(
  directory: string,
  { code, message }: { code: string | undefined; message: string },
): Error {
  switch (code) {
    case 'ENOENT':
      return new SourceError(
        'unreachable',
        `the folder ${directory} does not exist: mount it or set progress.directory`,
      );
    case 'ENOTDIR':
      return new SourceError('unreachable', `${directory} is not a folder: set progress.directory`);
    case 'EACCES':
    case 'EPERM':
      return new SourceError(
        'permission',
        `may not read the folder ${directory}: give the daemon's user r and x on it`,
      );
    default:
      return new SourceError('unreachable', `cannot read the folder ${directory}: ${message}`);
  }
}
