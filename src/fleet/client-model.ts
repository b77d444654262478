/** Who uses the broker: its channels as the management API tells of them. Times are Unix milliseconds. */

export interface ChannelReading {
  readonly name: string;
  readonly connection: string;
  /** The address that the broker sees: a container's, or that of a gateway between. */
  readonly peerHost?: string;
  readonly peerPort?: number;
  /** By the broker's clock. */
  readonly connectedAtMs?: number;
  /** What the client calls its connection. */
  readonly clientName?: string;
  /** What the client's library calls itself: `py-amqp`, `Pika Python Client Library`. */
  readonly product?: string;
  /** For all its consumers together; absent where it is not told, 0: without limit. */
  readonly globalPrefetch?: number;
  /** A queue each consumer. */
  readonly consumes: readonly ChannelConsumer[];
  /** Messages delivered on it that are not acked; absent while the broker does not tell. */
  readonly unacked?: number;
  /** Since it was opened. */
  readonly acked?: number;
  readonly published?: number;
  readonly redelivered?: number;
}

export interface ChannelConsumer {
  readonly queue: string;
  /** False: a message is done for the broker when it is delivered. */
  readonly isAckRequired: boolean;
  /** Absent where it is not told; 0: without limit. */
  readonly prefetch?: number;
}

export interface ClientsReading {
  /** What it tells was true then or later. */
  readonly atMs: number;
  /** When it was asked. */
  readonly readAtMs: number;
  /** False: there are more channels than are asked for. */
  readonly isComplete: boolean;
  readonly channels: readonly ChannelReading[];
}
