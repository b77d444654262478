/** Puts together what an event and an inspect tell of one end of a container. */

import { exitReason } from './container-counts.js';
import type { ContainerEnd } from './model.js';
import type { ContainerFacts } from './observations.js';

/** The event of an end comes this much after the end at most, however busy the engine is. */
const SAME_END_MS = 5000;
/** What `docker stop` and an interrupted terminal leave behind. */
const ORDINARY_CODES: ReadonlySet<number> = new Set([0, 130, 137, 143]);

/** It looks like a stop, where no request was seen before it. */
export function isOrdinaryEnd({ exitCode, reason }: ContainerEnd): boolean {
  return exitCode !== undefined && ORDINARY_CODES.has(exitCode) && reason !== 'oom';
}

function isSameEnd(known: ContainerEnd | undefined, atMs: number): known is ContainerEnd {
  return known !== undefined && Math.abs(known.atMs - atMs) < SAME_END_MS;
}

/** By an inspect that came before the event, for an event that leaves the code out. */
export function codeOf(known: ContainerEnd | undefined, atMs: number): number | undefined {
  return isSameEnd(known, atMs) ? known.exitCode : undefined;
}

/** An inspect soon after the event tells of the same end; the event told more of it, but for a code that it left out. */
export function endByInspect(
  known: ContainerEnd | undefined,
  { exitCode, isOomKilled, isHeldDown }: ContainerFacts,
  atMs: number,
): ContainerEnd {
  const told = {
    reason: exitReason(exitCode, isOomKilled),
    ...(exitCode !== undefined && { exitCode }),
  };
  const end = isSameEnd(known, atMs)
    ? { ...known, ...(known.reason === 'unknown' && told) }
    : { ...told, atMs };
  return isHeldDown ? heldDown(end) : end;
}

/** In a restart back-off there is no process: the engine sends `stop` alone, and no end. */
export function heldDown(end: ContainerEnd): ContainerEnd {
  return end.isAskedFor ? end : { ...end, isHeldDown: true };
}
