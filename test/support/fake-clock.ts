/** A clock that stands still until a test moves it; timers fire in order of their time. */

import type { Clock } from '../../src/lib/clock.js';

export interface FakeClock extends Clock {
  /** Moves time on, fires what falls due, and lets promises settle after each timer. */
  advance(durationMs: number): Promise<void>;
}

interface FakeTimer {
  readonly atMs: number;
  readonly task: () => void;
}

export function createFakeClock(startMs = 1_763_900_000_000): FakeClock {
  let nowMs = startMs;
  const timers = new Set<FakeTimer>();

  function nextDue(untilMs: number): FakeTimer | undefined {
    return [...timers]
      .filter(({ atMs }) => atMs <= untilMs)
      .toSorted((one, other) => one.atMs - other.atMs)[0];
  }

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    after(delayMs, task) {
      const timer = { atMs: nowMs + delayMs, task };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    async advance(durationMs) {
      const untilMs = nowMs + durationMs;
      for (let timer = nextDue(untilMs); timer; timer = nextDue(untilMs)) {
        nowMs = timer.atMs;
        timers.delete(timer);
        timer.task();
        await settlePromises();
      }
      nowMs = untilMs;
      await settlePromises();
    },
  };
}

/** One turn of the event loop runs every promise callback that is ready, and those they make ready. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
