/** Inspects containers on request: few at once, each at most once in a while, many requests for one made into one. */

import type { Clock } from '../../lib/clock.js';

export interface InspectQueue {
  request(id: string): void;
  /** Resolves when nothing is waiting or under way. */
  whenIdle(): Promise<void>;
  stop(): void;
}

export interface InspectQueueOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  /** The shortest time from one inspect of a container to its next. */
  readonly minGapMs: number;
  /** Never rejects. */
  readonly inspect: (id: string) => Promise<void>;
}

export function createInspectQueue({
  clock,
  concurrency,
  minGapMs,
  inspect,
}: InspectQueueOptions): InspectQueue {
  const waiting = new Set<string>();
  /** Inspected within the gap, or under way; true when asked for again meanwhile. */
  const resting = new Map<string, boolean>();
  const idleWaiters: (() => void)[] = [];
  let running = 0;
  let isStopped = false;

  function request(id: string): void {
    if (isStopped) return;
    if (resting.has(id)) resting.set(id, true);
    else waiting.add(id);
    pump();
  }

  function pump(): void {
    for (const id of waiting) {
      if (running >= concurrency) return;
      waiting.delete(id);
      resting.set(id, false);
      running++;
      void inspect(id).finally(() => {
        running--;
        clock.after(minGapMs, () => endRest(id));
        if (!isStopped) pump();
        if (running === 0 && waiting.size === 0) for (const resolve of idleWaiters.splice(0)) resolve();
      });
    }
  }

  function endRest(id: string): void {
    const isAskedAgain = resting.get(id) === true;
    resting.delete(id);
    if (isAskedAgain) request(id);
  }

  return {
    request,
    whenIdle() {
      if (running === 0 && waiting.size === 0) return Promise.resolve();
      return new Promise((resolve) => idleWaiters.push(resolve));
    },
    stop() {
      isStopped = true;
      waiting.clear();
    },
  };
}
