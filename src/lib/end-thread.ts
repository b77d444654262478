/** Ends a thread within a time limit, and remembers when one could not be ended: the process cannot end by itself then. */

import type { Worker } from 'node:worker_threads';
import type { Clock } from './clock.js';

let isAnyLeftBehind = false;

/** A thread inside a system call that does not return (a stalled mount) cannot be terminated; it is left behind. */
export async function endThread(
  thread: Worker,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<'ended' | 'left-behind'> {
  const late = new Promise<'late'>((resolve) => {
    clock.after(limitMs, () => resolve('late'));
  });
  if ((await Promise.race([thread.terminate(), late])) !== 'late') return 'ended';
  isAnyLeftBehind = true;
  // terminate() made the thread hold the process again.
  thread.unref();
  return 'left-behind';
}

/**
 * For the last line of a program. Node.js waits for every thread before it exits, so with one left behind it never
 * would: the process then ends by its own SIGTERM, which service managers take for a clean end.
 */
export function endProcessDespiteThreads(): void {
  if (!isAnyLeftBehind) return;
  process.removeAllListeners('SIGTERM');
  process.kill(process.pid, 'SIGTERM');
}
