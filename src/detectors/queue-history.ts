/** Depth and flow of every queue over the last while. What was while a queue could not be seen is left out. */

import type { Fleet } from '../fleet/model.js';
import type { Queue } from '../fleet/queue-model.js';
import { createConditionClock, type HeldCondition } from './condition-clock.js';
import type { HistoryMoment } from './history-moment.js';
import { addSample } from './sample-series.js';

export interface QueueSample {
  readonly atMs: number;
  readonly ready: number;
  readonly published?: number;
  readonly acked?: number;
}

export interface QueueHistory {
  /** By key of the queue: as if what was not seen had not been, in its time and in its figures. */
  readonly samples: ReadonlyMap<string, readonly QueueSample[]>;
  /** By key: those that have messages and no consumer. */
  readonly unserved: ReadonlyMap<string, HeldCondition>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

const SPACING_MS = 15_000;
/** A short window needs this many samples, too. */
const MIN_SAMPLES = 10;
const KEPT_FACTOR = 1.3;
/** What was unseen for longer was away. */
const BLIP_MS = 20_000;
/** After a broker was away, consumers and publishers need this long to find their way back. */
const SETTLE_MS = 20_000;
/** For how long a queue is remembered that is not listed. */
const UNLISTED_MS = 60_000;

export function createQueueHistory(): QueueHistory {
  const samples = new Map<string, readonly QueueSample[]>();
  const unserved = createConditionClock();
  /** By key: since when its depth could not be seen. */
  const unseenSinceMs = new Map<string, number>();
  let awaySinceMs: number | undefined;
  let settledAtMs = Number.NEGATIVE_INFINITY;

  function rest(key: string, sinceMs: number): void {
    if (!unseenSinceMs.has(key)) unseenSinceMs.set(key, sinceMs);
  }

  function forgetGone(queues: ReadonlyMap<string, Queue>, nowMs: number): void {
    const isKept = (key: string): boolean => {
      if (queues.has(key)) return true;
      rest(key, nowMs);
      return nowMs - (unseenSinceMs.get(key) ?? nowMs) < UNLISTED_MS;
    };
    for (const key of samples.keys()) if (!isKept(key)) samples.delete(key);
    unserved.forgetUnless(isKept);
    unserved.restUnless((key) => queues.has(key));
    for (const key of unseenSinceMs.keys()) if (!isKept(key)) unseenSinceMs.delete(key);
  }

  /** True while the broker cannot be read. */
  function followBroker({ sources }: Fleet, nowMs: number): boolean {
    const { isUp, lastSuccessAtMs } = sources.get('rabbitmq') ?? {};
    if (isUp === false) {
      awaySinceMs ??= lastSuccessAtMs ?? nowMs;
      for (const key of samples.keys()) rest(key, awaySinceMs);
      unserved.restUnless(() => false);
      return true;
    }
    if (awaySinceMs !== undefined && nowMs - awaySinceMs > BLIP_MS) settledAtMs = nowMs + SETTLE_MS;
    awaySinceMs = undefined;
    return false;
  }

  /** Joins what comes to what was before it could not be seen. */
  function seenAgain(key: string, sample: QueueSample): readonly QueueSample[] {
    const before = samples.get(key) ?? [];
    const sinceMs = unseenSinceMs.get(key);
    unseenSinceMs.delete(key);
    const last = before.at(-1);
    if (sinceMs === undefined || last === undefined || sample.atMs - sinceMs <= BLIP_MS) return before;
    return before.map((one) => shift(one, last, sample));
  }

  return {
    samples,
    unserved: unserved.held,
    note({ fleet, settings, nowMs }) {
      if (followBroker(fleet, nowMs)) return;
      const windowMs = settings.detection.queue_window;
      const spacingMs = Math.min(SPACING_MS, windowMs / MIN_SAMPLES);
      const limits = { spacingMs, keptMs: windowMs * KEPT_FACTOR };
      forgetGone(fleet.queues, nowMs);
      for (const [key, queue] of fleet.queues) {
        const sample = sampleOf(queue);
        if (sample) samples.set(key, addSample(seenAgain(key, sample), sample, limits));
        else if (samples.has(key)) rest(key, nowMs);
        unserved.note(key, nowMs < settledAtMs ? undefined : isUnserved(queue), queue.dataAtMs);
      }
    },
  };
}

/** Undefined where an answer lacked one of the figures. */
function isUnserved({ ready, consumers, status }: Queue): boolean | undefined {
  if (status !== 'present' && status !== 'locked') return false;
  if (ready?.value === 0 || (consumers?.value ?? 0) > 0) return false;
  return ready === undefined || consumers === undefined ? undefined : true;
}

function sampleOf({ ready, published, acked }: Queue): QueueSample | undefined {
  return (
    ready && {
      atMs: ready.atMs,
      ready: ready.value,
      ...(published && { published: published.value }),
      ...(acked && { acked: acked.value }),
    }
  );
}

/** Moves a sample from before by what changed while nothing was seen, so that neither time nor rise of then counts. */
function shift(sample: QueueSample, last: QueueSample, next: QueueSample): QueueSample {
  const moved = (fact: 'published' | 'acked'): Partial<QueueSample> => {
    const [value, before, after] = [sample[fact], last[fact], next[fact]];
    if (value === undefined || before === undefined || after === undefined) return {};
    return { [fact]: value + after - before };
  };
  return {
    atMs: sample.atMs + next.atMs - last.atMs,
    ready: sample.ready + next.ready - last.ready,
    ...moved('published'),
    ...moved('acked'),
  };
}
