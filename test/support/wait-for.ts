/** Waits until something holds, and says what was seen when it never did. */

import { setTimeout as pause } from 'node:timers/promises';

const FIRST_PAUSE_MS = 25;
/** What takes seconds need not be looked at forty times in each: other tests use the processor too. */
const LONGEST_PAUSE_MS = 100;

/**
 * Resolves with the first result that is neither undefined nor false; a look that throws is tried again.
 *
 * In vain, its error tells what `seen` shows then, or else the last result.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | Promise<T>,
  limitMs = 45_000,
  seen?: () => unknown,
): Promise<Exclude<T, undefined | false>> {
  const endMs = Date.now() + limitMs;
  let last: unknown;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.2, LONGEST_PAUSE_MS)) {
    try {
      const result = await look();
      if (result !== undefined && result !== false) return result as Exclude<T, undefined | false>;
      last = result;
    } catch (error) {
      last = error;
    }
    if (Date.now() > endMs) {
      const instead = seen ? await describeSeen(seen) : `last: ${String(last)}`;
      throw new Error(`waited ${limitMs} ms in vain for ${what}; ${instead}`);
    }
    await pause(pauseMs);
  }
}

async function describeSeen(seen: () => unknown): Promise<string> {
  try {
    return `seen instead: ${JSON.stringify(await seen(), null, 2)}`;
  } catch (error) {
    return `and to see what is there instead failed: ${String(error)}`;
  }
}
