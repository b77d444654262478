/** Remembers which events have come, so that a new stream takes up where the last one ended and repeats nothing. */

import type { EngineEvent } from './parse-event.js';

export interface EventMemory {
  /** Where a new stream takes up: at the last event, else at the opening of the first stream; undefined before that. */
  readonly since: string | undefined;
  /** The engine's time from which on every event should have come. */
  readonly followedFromMs: number;
  /** Remembers the event; false when it was seen before. */
  isNew(event: EngineEvent): boolean;
  has(event: EngineEvent): boolean;
  opened(engineNowMs: number): void;
}

/** The engine itself keeps its last 256 events for replays. */
const MAX_REMEMBERED = 4096;

/** Outlives the streams of one engine, so that a reconnect repeats nothing. */
export function createEventMemory(): EventMemory {
  const seen = new Set<string>();
  let since: string | undefined;
  let followedFromMs = Number.POSITIVE_INFINITY;
  return {
    get since() {
      return since ?? momentOf(followedFromMs);
    },
    get followedFromMs() {
      return followedFromMs;
    },
    isNew(event) {
      if (seen.has(event.key)) return false;
      seen.add(event.key);
      if (seen.size > MAX_REMEMBERED) seen.delete(seen.values().next().value ?? '');
      since = event.since;
      return true;
    },
    has: (event) => seen.has(event.key),
    opened(engineNowMs) {
      // The opening itself takes time, and the engine's clock is known to a second only.
      if (followedFromMs === Number.POSITIVE_INFINITY) followedFromMs = engineNowMs + 2000;
    },
  };
}

/** As the engine takes times. */
function momentOf(atMs: number): string | undefined {
  if (!Number.isFinite(atMs)) return undefined;
  const wholeMs = Math.floor(atMs);
  return `${Math.floor(wholeMs / 1000)}.${String((wholeMs % 1000) * 1e6).padStart(9, '0')}`;
}
