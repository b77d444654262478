/** The system's clock with waits cut short, so that a test of a 15-second watchdog takes a fraction of that. */

import { type Clock, systemClock } from '../../src/lib/clock.js';

export function createHastyClock(factor: number): Clock {
  return { ...systemClock, after: (delayMs, task) => systemClock.after(delayMs / factor, task) };
}
