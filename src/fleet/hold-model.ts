/** What a container holds of the broker's messages, as the management API tells of its channels. */

/**
 * `job`: it takes one message at a time and acks it after the work, so that the message in hand is its job. `several`: it takes
 * more than one. `reserved`: its library acks a message before the work (Celery), so that what is unacked has not begun.
 */
export type HoldReading = 'job' | 'several' | 'reserved';

/** One object as long as nothing of it changes. Times are our clock's, when it was read. */
export interface BrokerHold {
  readonly reading: HoldReading;
  /** False: it had a consumer, and has none any more. */
  readonly isConnected: boolean;
  /** A queue each that it consumes; `''` stands for a channel that consumes several. */
  readonly unacked: readonly HeldMessages[];
  readonly total: number;
  /** Since then it has held some, and acked none; absent while it holds none. At most one reading late. */
  readonly sinceMs?: number;
  /** Its channels went with messages in hand, which the broker has given back since; absent once it has a consumer again. */
  readonly lost?: LostHold;
  /** Since the daemon's start. */
  readonly acks: number;
  /** When they last rose; absent: not since the daemon's start. */
  readonly ackedAtMs?: number;
}

export interface LostHold {
  /** It held them since then. */
  readonly sinceMs: number;
  /** When that was seen. */
  readonly atMs: number;
  readonly reading: HoldReading;
}

export interface HeldMessages {
  readonly queue: string;
  readonly count: number;
}

/** Messages that a container acked, or let go, between two readings. */
export interface HoldEnd {
  readonly identity: string;
  readonly endedAtMs: number;
  readonly acked: number;
  /** The one that it had in hand before; absent where it takes several. */
  readonly startedAtMs?: number;
  /** Exactly one was acked, and its begin was seen. */
  readonly durationMs?: number;
}
