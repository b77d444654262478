/** Adds up by queue what its channels did, keeping what closed channels have done. */

import { type LastCount, takeCount } from '../../lib/falling-count.js';
import type { ChannelCount, DetailedQueue } from './parse-detailed.js';

type Sums = Pick<DetailedQueue, ChannelCount['fact']>;

export interface ChannelSums {
  /** Takes one page; `queues` are all there are, and the sums of others are forgotten. */
  take(counts: readonly ChannelCount[], queues: ReadonlySet<string>): ReadonlyMap<string, Readonly<Sums>>;
}

interface ChannelRecord {
  readonly last: LastCount;
  /** Pages in a row without it. */
  readonly missed: number;
}

/** A channel that is on none of so many pages is closed; one that is missing on a few is back with what it had. */
const MAX_MISSED = 12;
/** Against programs that open a channel for each message. */
const MAX_CHANNELS = 50_000;

/** What a channel did between the last page and its end is lost: some seconds' worth. */
export function createChannelSums(): ChannelSums {
  let known = new Map<string, ChannelRecord>();
  const sums = new Map<string, Sums>();

  function keepOnly(queues: ReadonlySet<string>): void {
    for (const queue of sums.keys()) if (!queues.has(queue)) sums.delete(queue);
    for (const queue of queues) {
      if (!sums.has(queue)) sums.set(queue, { published: 0, acked: 0, redelivered: 0 });
    }
  }

  function keepMissing(now: Map<string, ChannelRecord>): void {
    for (const [key, { last, missed }] of known) {
      if (now.size >= MAX_CHANNELS) return;
      if (!now.has(key) && missed < MAX_MISSED) now.set(key, { last, missed: missed + 1 });
    }
  }

  return {
    take(counts, queues) {
      const now = new Map<string, ChannelRecord>();
      keepOnly(queues);
      for (const { channel, queue, fact, value } of counts) {
        const sum = sums.get(queue);
        if (!sum) continue;
        const key = `${fact} ${channel} ${queue}`;
        const before = known.get(key)?.last;
        // A channel's name comes back after a restart of the broker, counting from nothing.
        const { verdict, last } = takeCount(before, value);
        const rise =
          verdict === 'counts' ? value - (before?.value ?? 0) : verdict === 'restarted' ? value : 0;
        sum[fact] = (sum[fact] ?? 0) + rise;
        now.set(key, { last, missed: 0 });
      }
      keepMissing(now);
      known = now;
      return sums;
    },
  };
}
