/** Asks a broker for depth and consumers of queues by passive declares, which create nothing. */

import type { QueueReading } from '../../fleet/queue-observations.js';
import type { Clock } from '../../lib/clock.js';
import { counted } from '../../lib/counted.js';
import { SourceError } from '../source-error.js';
import { type AmqpConnection, type Channel, refusalOf } from './amqp-connection.js';

/** More channels than this gain little: 1,000 queues took 479 ms over one, 81 ms over sixteen. */
const MAX_LANES = 16;
const QUEUES_A_LANE = 8;

/** Rights seldom change, and each refusal closes a channel and is a line in the broker's log. */
const REFUSED_AGAIN_MS = 60_000;

export interface Declared {
  /** A queue that is missing or locked is told as such; one that the user may not ask for is left out. */
  readonly readings: readonly QueueReading[];
  /** The user may not ask for some of the queues. */
  readonly refusal: SourceError | undefined;
}

export interface Declarer {
  /** Rejects only when the connection fails. */
  declare(names: readonly string[]): Promise<Declared>;
}

interface Refusal {
  readonly words: string;
  readonly untilMs: number;
}

/** Channels are kept from call to call, except those that a refusal has closed. */
export function createDeclarer(connection: AmqpConnection, clock: Clock): Declarer {
  const idle: Channel[] = [];
  const refusals = new Map<string, Refusal>();

  function isResting(name: string): boolean {
    const refusal = refusals.get(name);
    return refusal !== undefined && clock.monotonicMs() < refusal.untilMs;
  }

  /** Undefined for a queue that the user may not ask for. Throws when the connection fails. */
  function refusedReading(name: string, error: unknown): QueueReading | undefined {
    const kind = refusalOf(error);
    if (kind === 'missing' || kind === 'locked') return { name, status: kind };
    if (kind !== 'forbidden') throw error;
    const words = error instanceof Error ? error.message : '';
    refusals.set(name, { words, untilMs: clock.monotonicMs() + REFUSED_AGAIN_MS });
    return undefined;
  }

  /**
   * One channel, one call at a time: a refusal closes the channel and fails every call pending on it, so it costs this
   * channel and nothing else.
   */
  async function runLane(names: Iterator<string>, readings: QueueReading[]): Promise<void> {
    let channel = idle.pop();
    for (let next = names.next(); !next.done; next = names.next()) {
      if (isResting(next.value)) continue;
      channel ??= await connection.openChannel();
      refusals.delete(next.value);
      try {
        const { messageCount, consumerCount } = await channel.checkQueue(next.value);
        readings.push({ name: next.value, status: 'present', ready: messageCount, consumers: consumerCount });
      } catch (error) {
        channel = undefined;
        const reading = refusedReading(next.value, error);
        if (reading) readings.push(reading);
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
      return {
        readings,
        refusal: describeRefusals(
          names.filter((name) => refusals.has(name)),
          refusals,
        ),
      };
    },
  };
}

/** `ACCESS_REFUSED - configure access to queue 'g3' in vhost '/' refused for user 'watch'` */
const REFUSED_USER = /refused for user '([^']{1,200})'/;

/**
 * Which right a passive declare needs depends on the broker's version (rabbit_channel.erl): none up to 4.2.5,
 * `configure` in 4.2.6 and 4.3.0, any one of the three in 4.2.7, 4.3.1 and later. Those ask for `configure` last, so it
 * is the one that their words name, though the harmless `read` does.
 * https://github.com/rabbitmq/rabbitmq-server/pull/16085
 */
function describeRefusals(
  names: readonly string[],
  refusals: ReadonlyMap<string, Refusal>,
): SourceError | undefined {
  const [first] = names.toSorted();
  if (first === undefined) return undefined;
  const user = REFUSED_USER.exec(refusals.get(first)?.words ?? '')?.[1];
  const others = names.length > 1 ? ` and ${counted(names.length - 1, 'other queue')}` : '';
  const remedy =
    'give it read (RabbitMQ 4.2.6 and 4.3.0: configure) on the queues; rabbitmq.metrics_url needs no right';
  return new SourceError(
    'permission',
    `the user ${user ?? 'of rabbitmq.amqp_url'} has no right on queue ${first}${others}; ${remedy}`,
  );
}
