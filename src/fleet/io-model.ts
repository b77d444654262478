/** What a container takes in and gives out, by network and disk. Times are Unix milliseconds, by our clock. */

export interface IoActivity {
  readonly identity: string;
  /** When it was read last. */
  readonly atMs: number;
  /** Between the last two readings; absent until there are two. */
  readonly recent?: { readonly inBytes: number; readonly outBytes: number; readonly ms: number };
  /** End of the last time between two readings in which it moved more than housekeeping does; absent: never. */
  readonly lastBusyAtMs?: number;
}

/** A container of which detection wants to know more than what all cost. */
export interface Suspect {
  readonly id: string;
  /** It uses no CPU: whether it waits for what still moves is worth asking. */
  readonly isQuiet: boolean;
}

/** One reading of one container, since its start. */
export interface IoReading {
  readonly id: string;
  /** Received from the network, and read from disks. */
  readonly inBytes: number;
  /** Sent, and written. */
  readonly outBytes: number;
}
