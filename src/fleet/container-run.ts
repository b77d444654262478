/** Tells one run of a container from the next: by its start as the engine dates it, which no correction of clocks moves. */

import type { Container } from './model.js';

/** Compare for equality, or with another run of the same container; undefined: never started. */
export function runOf({ startedAtMs, engineStartMs }: Container): number | undefined {
  return engineStartMs ?? startedAtMs;
}
