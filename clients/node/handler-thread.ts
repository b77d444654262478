/** A handler in a thread of its own, so that work that never yields keeps neither heartbeats nor progress waiting. */

import { Worker } from 'node:worker_threads';
import type { Job, JobFacts } from './job.js';
import type { Message } from './message.js';

/** What a thread is given to begin with. */
export interface ThreadData {
  readonly module: string;
  /** Counted by the thread, read by the main one: a thread that never yields still shows how far it is. */
  readonly counters: SharedArrayBuffer;
}

/** Fields of `counters`: steps done and whether to stop, as doubles. */
export const DONE = 0;
export const STOPPING = 1;
export const COUNTER_BYTES = 2 * Float64Array.BYTES_PER_ELEMENT;

export interface ThreadOrder {
  readonly message: Omit<Message, 'delivery'>;
  readonly document: string | undefined;
  readonly stage: string | undefined;
}

export type ThreadWord =
  | { readonly kind: 'start'; readonly facts: JobFacts }
  | { readonly kind: 'progress'; readonly total?: number | undefined; readonly message?: string | undefined }
  | { readonly kind: 'beat'; readonly everyMs?: number | undefined }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly text: string; readonly stack: string | undefined };

export interface ThreadHandler {
  run(message: Message, job: Job): Promise<unknown>;
  terminate(): Promise<void>;
}

/** What was thrown in the thread, in the words that it had there. */
class ThreadError extends Error {
  constructor(text: string, stack: string | undefined) {
    super(text);
    this.stack = stack ?? text;
  }

  override toString(): string {
    return this.message;
  }
}

const LOOK_MS = 250;

/** The thread lives as long as it can: what it has loaded is there for the next job. */
export function createThreadHandler(module: URL): ThreadHandler {
  const counters = new SharedArrayBuffer(COUNTER_BYTES);
  const shared = new Float64Array(counters);
  let worker: Worker | undefined;

  function start(): Worker {
    const workerData: ThreadData = { module: module.href, counters };
    const started = new Worker(new URL('./handler-thread-entry.js', import.meta.url), { workerData });
    started.once('exit', () => {
      if (worker === started) worker = undefined;
    });
    return started;
  }

  return {
    async run(message, job) {
      shared[DONE] = 0;
      shared[STOPPING] = 0;
      worker ??= start();
      const look = setInterval(() => lookAt(shared, job), LOOK_MS);
      try {
        return await runIn(worker, message, job, shared);
      } finally {
        clearInterval(look);
      }
    },
    async terminate() {
      await worker?.terminate();
    },
  };
}

function lookAt(shared: Float64Array, job: Job): void {
  const done = shared[DONE] ?? 0;
  if (done > 0) job.progress(done);
  if (job.stopping) shared[STOPPING] = 1;
}

function runIn(worker: Worker, message: Message, job: Job, shared: Float64Array): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const hear = (word: ThreadWord): void => {
      if (word.kind === 'start') job.start(word.facts);
      else if (word.kind === 'progress') job.progress(shared[DONE] ?? 0, word.total, word.message);
      else if (word.kind === 'beat') beat(job, word.everyMs);
      else if (word.kind === 'done') settle(() => resolve(word.value));
      else settle(() => reject(new ThreadError(word.text, word.stack)));
    };
    const fail = (error: unknown): void => settle(() => reject(error));
    const exit = (code: number): void => fail(new Error(`the thread of the handler ended with ${code}`));
    function settle(how: () => void): void {
      worker.off('message', hear).off('error', fail).off('exit', exit);
      beat(job, undefined);
      how();
    }
    worker.on('message', hear).on('error', fail).on('exit', exit);
    const { delivery: _, ...rest } = message;
    const order: ThreadOrder = { message: rest, document: job.document, stage: job.stage };
    worker.postMessage(order);
  });
}

const beats = new WeakMap<Job, () => void>();

/** The main thread's heartbeat lasts for as long as the thread's does. */
function beat(job: Job, everyMs: number | undefined): void {
  beats.get(job)?.();
  beats.delete(job);
  if (everyMs === undefined) return;
  void job.heartbeat(() => new Promise<void>((done) => beats.set(job, done)), { everyMs });
}
