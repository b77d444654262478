/** Runs long work that gives up its turn at each `yield`, so that timers and sockets get theirs in between. */

import { setImmediate as nextTurn } from 'node:timers/promises';

export type SlicedWork<T> = Generator<void, T, void>;

export async function inTurns<T>(work: SlicedWork<T>): Promise<T> {
  for (let step = work.next(); ; step = work.next()) {
    if (step.done) return step.value;
    await nextTurn();
  }
}

/** Without giving up the turn. */
export function atOnce<T>(work: SlicedWork<T>): T {
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value;
}
