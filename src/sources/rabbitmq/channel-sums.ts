/** Adds up by queue what its channels did, keeping what closed channels have done. */

import type { ChannelCount, DetailedQueue } from './parse-detailed.js';

type Sums = Pick<DetailedQueue, 'published' | 'acked' | 'redelivered'>;

export interface ChannelSums {
  /** Takes one page; `queues` are all there are, and the sums of others are forgotten. */
  take(counts: readonly ChannelCount[], queues: ReadonlySet<string>): ReadonlyMap<string, Readonly<Sums>>;
}

/** What a channel did between the last page and its end is lost: some seconds' worth. */
export function createChannelSums(): ChannelSums {
  let last = new Map<string, number>();
  const sums = new Map<string, Sums>();

  return {
    take(counts, queues) {
      const now = new Map<string, number>();
      for (const queue of sums.keys()) if (!queues.has(queue)) sums.delete(queue);
      for (const queue of queues) {
        if (!sums.has(queue)) sums.set(queue, { published: 0, acked: 0, redelivered: 0 });
      }
      for (const { channel, queue, fact, value } of counts) {
        const sum = sums.get(queue);
        if (!sum) continue;
        const key = `${fact} ${channel} ${queue}`;
        const before = last.get(key) ?? 0;
        // A channel's name comes back after a restart of the broker, counting from nothing.
        sum[fact] = (sum[fact] ?? 0) + (value >= before ? value - before : value);
        now.set(key, value);
      }
      last = now;
      return sums;
    },
  };
}
