/** Compares passwords with bcrypt hashes in a thread, one after the other, and no more of them than can wait. */

import { Worker } from 'node:worker_threads';
import type { CompareAnswer, CompareRequest } from './bcrypt-thread.js';

export interface BcryptRunner {
  /** Undefined: too many wait already, or the thread died. Never rejects. */
  compare(password: string, hash: string): Promise<boolean | undefined>;
  close(): void;
}

/** A hash of cost 10 takes 0.1 s: who comes later than this would wait for seconds. */
const MAX_WAITING = 32;

const THREAD = new URL('./bcrypt-thread.js', import.meta.url);

export function createBcryptRunner(): BcryptRunner {
  let thread: Worker | undefined;
  let lastId = 0;
  const waiting = new Map<number, (isSame: boolean | undefined) => void>();

  function start(): Worker {
    const started = new Worker(THREAD, { name: 'bcrypt', resourceLimits: { maxYoungGenerationSizeMb: 4 } });
    started.on('message', ({ id, isSame }: CompareAnswer) => {
      waiting.get(id)?.(isSame);
      waiting.delete(id);
      // Idle, it keeps no process alive.
      if (waiting.size === 0) started.unref();
    });
    // 'exit' follows it.
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (thread === started) thread = undefined;
      for (const answer of waiting.values()) answer(undefined);
      waiting.clear();
    });
    started.unref();
    return started;
  }

  return {
    compare(password, hash) {
      if (waiting.size >= MAX_WAITING) return Promise.resolve(undefined);
      thread ??= start();
      const request: CompareRequest = { id: ++lastId, password, hash };
      const running = thread;
      return new Promise((resolve) => {
        waiting.set(request.id, resolve);
        running.ref();
        running.postMessage(request);
      });
    },
    close: () => void thread?.terminate(),
  };
}
