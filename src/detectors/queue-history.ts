/** Depth and flow of every queue over the last while. */

import type { Queue } from '../fleet/queue-model.js';
import type { HistoryMoment } from './history-moment.js';
import { addSample } from './sample-series.js';

export interface QueueSample {
  readonly atMs: number;
  readonly ready: number;
  readonly published?: number;
  readonly acked?: number;
}

export interface QueueHistory {
  /** By key of the queue. */
  readonly samples: ReadonlyMap<string, readonly QueueSample[]>;
  /** By key: since when it has had messages and no consumer, at every look. */
  readonly unservedSinceMs: ReadonlyMap<string, number>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

const SPACING_MS = 15_000;
/** A short window needs this many samples, too. */
const MIN_SAMPLES = 10;
const KEPT_FACTOR = 1.3;

export function createQueueHistory(): QueueHistory {
  const samples = new Map<string, readonly QueueSample[]>();
  const unservedSinceMs = new Map<string, number>();
  function forgetGone(queues: ReadonlyMap<string, Queue>): void {
    for (const key of samples.keys()) if (!queues.has(key)) samples.delete(key);
    for (const key of unservedSinceMs.keys()) if (!queues.has(key)) unservedSinceMs.delete(key);
  }

  function followService(key: string, { ready, consumers }: Queue, nowMs: number): void {
    const isUnserved = (ready?.value ?? 0) > 0 && consumers?.value === 0;
    if (!isUnserved) unservedSinceMs.delete(key);
    else if (!unservedSinceMs.has(key)) unservedSinceMs.set(key, nowMs);
  }

  return {
    samples,
    unservedSinceMs,
    note({ fleet: { queues }, settings, nowMs }) {
      const windowMs = settings.detection.queue_window;
      const spacingMs = Math.min(SPACING_MS, windowMs / MIN_SAMPLES);
      const limits = { spacingMs, keptMs: windowMs * KEPT_FACTOR };
      forgetGone(queues);
      for (const [key, queue] of queues) {
        const sample = sampleOf(queue);
        if (sample) samples.set(key, addSample(samples.get(key) ?? [], sample, limits));
        followService(key, queue, nowMs);
      }
    },
  };
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
