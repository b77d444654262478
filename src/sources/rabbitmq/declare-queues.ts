/** Asks a broker for depth and consumers of queues by passive declares, which create nothing. */

import type { QueueReading } from '../../fleet/queue-observations.js';
import { SourceError } from '../source-error.js';
import { type AmqpConnection, type Channel, refusalOf } from './amqp-connection.js';

/** More channels than this gain little: 1,000 queues took 479 ms over one, 81 ms over sixteen. */
const MAX_LANES = 16;
const QUEUES_A_LANE = 8;

export interface Declarer {
  /** A queue that is missing or locked is told as such; rejects only when the connection fails. */
  declare(names: readonly string[]): Promise<readonly QueueReading[]>;
}

/** Channels are kept from call to call, except those that a refusal has closed. */
export function createDeclarer(connection: AmqpConnection): Declarer {
  const idle: Channel[] = [];

  /**
   * One channel, one call at a time: a refusal closes the channel and fails every call pending on it, so it costs this
   * channel and nothing else.
   */
  async function runLane(names: Iterator<string>, readings: QueueReading[]): Promise<void> {
    let channel = idle.pop();
    for (let next = names.next(); !next.done; next = names.next()) {
      channel ??= await connection.openChannel();
      try {
        const { messageCount, consumerCount } = await channel.checkQueue(next.value);
        readings.push({ name: next.value, status: 'present', ready: messageCount, consumers: consumerCount });
      } catch (error) {
        readings.push(refusedReading(next.value, error));
        channel = undefined;
      }
    }
    if (channel) idle.push(channel);
  }

  return {
    async declare(names) {
      const readings: QueueReading[] = [];
      const iterator = names.values();
      const laneCount = Math.min(MAX_LANES, Math.ceil(names.length / QUEUES_A_LANE));
      await Promise.all(Array.from({ length: laneCount }, () => runLane(iterator, readings)));
      return readings;
    },
  };
}

/** Throws when the broker did not refuse but the connection failed. */
function refusedReading(name: string, error: unknown): QueueReading {
  const refusal = refusalOf(error);
  if (refusal === 'missing' || refusal === 'locked') return { name, status: refusal };
  if (refusal === 'forbidden') {
    throw new SourceError('permission', describeRefusal(name, error));
  }
  throw error;
}

/** `ACCESS_REFUSED - read access to queue 'g3' in vhost '/' refused for user 'watch'` */
const REFUSED = /(configure|write|read) access to queue .{1,300} refused for user '([^']{1,200})'/;

/**
 * Up to 4.0 a passive declare needs no right in the vhost (tried with 3.10 and 4.0.5); where a later broker asks for one,
 * its words name it.
 */
function describeRefusal(name: string, error: unknown): string {
  const [, right, user] = REFUSED.exec(error instanceof Error ? error.message : '') ?? [];
  if (right === undefined || user === undefined) {
    return `the broker refuses to tell of queue ${name}; give the user access to the vhost`;
  }
  return `the broker refuses to tell of queue ${name}: the user ${user} lacks the right ${right} on it; rabbitmqctl set_permissions takes patterns for configure, write and read in this order`;
}
