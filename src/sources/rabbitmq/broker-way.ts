/** What every way into the broker is to the source: something that reads, and says what it read from. */

import type { BrokerWay } from '../../fleet/queue-model.js';
import type { WayReading } from '../../fleet/queue-observations.js';

/** Decides which queues are watched; those of stages always are. */
export interface QueueChoice {
  readonly stageQueues: ReadonlySet<string>;
  /** Keeps of `names` what is watched, in order, within the bound. */
  choose(names: Iterable<string>): ReadonlySet<string>;
}

export interface Way {
  readonly via: BrokerWay;
  /** Without credentials. */
  readonly target: string;
  /** Rejects on failure, soon after `signal` aborts. */
  read(signal: AbortSignal): Promise<WayReading>;
  /** Frees connections at once; never waits for the broker. */
  close(): void;
}
