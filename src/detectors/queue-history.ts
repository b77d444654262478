/** Depth and flow of every queue over the last while. What was while the broker was away is not counted. */

import type { Fleet } from '../fleet/model.js';
import type { Queue } from '../fleet/queue-model.js';
import type { HistoryMoment } from './history-moment.js';
import { addSample } from './sample-series.js';

export interface QueueSample {
  readonly atMs: number;
  readonly ready: number;
  readonly published?: number;
  readonly acked?: number;
}

/** A queue that has messages and no consumer. */
export interface Unserved {
  readonly beganAtMs: number;
  /** For how long it was seen to be so. */
  readonly countedMs: number;
  /** So far it is counted. */
  readonly dataAtMs: number;
}

export interface QueueHistory {
  /** By key of the queue. */
  readonly samples: ReadonlyMap<string, readonly QueueSample[]>;
  /** By key: those that have had messages and no consumer at every look. */
  readonly unserved: ReadonlyMap<string, Unserved>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

const SPACING_MS = 15_000;
/** A short window needs this many samples, too. */
const MIN_SAMPLES = 10;
const KEPT_FACTOR = 1.3;
/** After a broker was away for longer, consumers and publishers find their way back: all is counted anew. */
const BLIP_MS = 20_000;

export function createQueueHistory(): QueueHistory {
  const samples = new Map<string, readonly QueueSample[]>();
  const unserved = new Map<string, Unserved>();
  let awaySinceMs: number | undefined;

  function forgetGone(queues: ReadonlyMap<string, Queue>): void {
    for (const key of samples.keys()) if (!queues.has(key)) samples.delete(key);
    for (const key of unserved.keys()) if (!queues.has(key)) unserved.delete(key);
  }

  function followService(key: string, { ready, consumers, dataAtMs }: Queue, isCounted: boolean): void {
    if (!ready || ready.value === 0 || consumers?.value !== 0) {
      unserved.delete(key);
      return;
    }
    const { beganAtMs, countedMs, ...before } = unserved.get(key) ?? {
      beganAtMs: dataAtMs,
      countedMs: 0,
      dataAtMs,
    };
    const passedMs = isCounted ? Math.max(0, dataAtMs - before.dataAtMs) : 0;
    unserved.set(key, { beganAtMs, countedMs: countedMs + passedMs, dataAtMs });
  }

  function followBroker({ sources }: Fleet, nowMs: number): 'away' | 'back' | 'there' {
    const { isUp, lastSuccessAtMs } = sources.get('rabbitmq') ?? {};
    if (isUp === false) {
      awaySinceMs ??= lastSuccessAtMs ?? nowMs;
      return 'away';
    }
    if (awaySinceMs === undefined) return 'there';
    if (nowMs - awaySinceMs > BLIP_MS) {
      samples.clear();
      unserved.clear();
    }
    awaySinceMs = undefined;
    return 'back';
  }

  return {
    samples,
    unserved,
    note({ fleet, settings, nowMs }) {
      const broker = followBroker(fleet, nowMs);
      if (broker === 'away') return;
      const windowMs = settings.detection.queue_window;
      const spacingMs = Math.min(SPACING_MS, windowMs / MIN_SAMPLES);
      const limits = { spacingMs, keptMs: windowMs * KEPT_FACTOR };
      forgetGone(fleet.queues);
      for (const [key, queue] of fleet.queues) {
        const sample = sampleOf(queue);
        if (sample) samples.set(key, addSample(samples.get(key) ?? [], sample, limits));
        followService(key, queue, broker === 'there');
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
