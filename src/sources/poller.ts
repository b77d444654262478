/** Gives a source that is read again and again its timer, time limit, back-off and health. */

import type { SourceName } from '../fleet/model.js';
import type { Observation } from '../fleet/observations.js';
import { createBackoff } from '../lib/backoff.js';
import type { Timer } from '../lib/clock.js';
import { withDeadline } from '../lib/deadline.js';
import { linkAbort } from '../lib/linked-abort.js';
import { createHealthReporter } from './health-reporter.js';
import type { Source, SourceContext } from './source.js';

export interface PolledReader {
  readonly name: SourceName;
  /** What is watched, for people, without credentials. */
  readonly target: string;
  readonly intervalMs: number;
  /** Time limit of one read. */
  readonly timeLimitMs: number;
  /** One look at the outside; rejects on failure, stops early when `signal` aborts. */
  read(signal: AbortSignal): Promise<readonly Observation[]>;
  /** Frees connections; called once, after the last read was aborted. */
  close?(): Promise<void>;
}

/** After failures the wait grows up to this many intervals, and not over what a source that is back may go unnoticed. */
const MAX_BACKOFF_INTERVALS = 8;
const MAX_BACKOFF_MS = 15_000;

export function createPolledSource(reader: PolledReader, context: SourceContext): Source {
  const { clock, apply } = context;
  const reporter = createHealthReporter(reader.name, context);
  const backoff = createBackoff({
    baseMs: reader.intervalMs,
    maxMs: Math.max(reader.intervalMs, Math.min(reader.intervalMs * MAX_BACKOFF_INTERVALS, MAX_BACKOFF_MS)),
  });
  const stopped = new AbortController();
  let timer: Timer | undefined;
  let running: Promise<void> = Promise.resolve();
  /** What the last read failed with; undefined: it succeeded. */
  let failure: unknown;

  async function readOnce(): Promise<number> {
    const startedMs = clock.monotonicMs();
    const ending = linkAbort(stopped.signal);
    try {
      const observations = await withDeadline(reader.read(ending.signal), {
        clock,
        limitMs: reader.timeLimitMs,
        what: `reading ${reader.target}`,
        onExpired: () => ending.abort(),
      });
      if (stopped.signal.aborted) return reader.intervalMs;
      for (const observation of observations) apply(observation);
      const durationMs = clock.monotonicMs() - startedMs;
      reporter.succeeded(durationMs);
      backoff.reset();
      failure = undefined;
      return Math.max(0, reader.intervalMs - durationMs);
    } catch (error) {
      if (!stopped.signal.aborted) reporter.failed(error);
      failure = error;
      return backoff.nextDelayMs();
    } finally {
      ending.release();
    }
  }

  async function cycle(): Promise<void> {
    const delayMs = await readOnce();
    if (!stopped.signal.aborted) timer = clock.after(delayMs, begin);
  }

  function begin(): void {
    running = cycle();
  }

  return {
    name: reader.name,
    target: reader.target,
    start() {
      apply({ kind: 'source-watched', source: reader.name, target: reader.target });
      begin();
    },
    async lookNow() {
      // A read under way may have begun before whoever asks: it is waited for, and another one made.
      running = running.then(() => {
        timer?.cancel();
        return cycle();
      });
      await running;
      if (stopped.signal.aborted) throw new Error(`${reader.target} is watched no longer`);
      if (failure !== undefined) throw failure;
    },
    async stop() {
      stopped.abort();
      timer?.cancel();
      await running;
      await reader.close?.();
    },
  };
}
