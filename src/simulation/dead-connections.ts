/** Connections that are dead, and that the broker goes on counting: what is delivered there arrives nowhere. */

import type { SimQueue, SimWorker } from './world.js';

/** Their turn comes as any other's; with a prefetch of 1 each gets one message, and no more. */
export function loseToDeadConnections(workers: readonly SimWorker[], queue: SimQueue): void {
  for (const worker of workers) {
    if (!worker.isHalfOpen || worker.swallowed) continue;
    const message = queue.ready.shift();
    if (!message) return;
    message.deliveries++;
    queue.unacked++;
    worker.swallowed = message;
  }
}

/** The broker notices at last, and takes back what it sent. */
export function closeDeadConnection(worker: SimWorker, queue: SimQueue): void {
  const { swallowed } = worker;
  worker.isHalfOpen = false;
  if (!swallowed) return;
  delete worker.swallowed;
  queue.unacked--;
  queue.ready.unshift(swallowed);
}
