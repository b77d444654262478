/** Asks the management API, now and then, which queues are bound to the exchanges that dead letters go to. */

import { z } from 'zod';
import type { DeadLetterBinding } from '../../fleet/dead-letter-routes.js';
import type { QueueReading } from '../../fleet/queue-observations.js';
import type { Clock } from '../../lib/clock.js';
import { SourceError } from '../source-error.js';

export interface BindingReader {
  /** Undefined: not asked this time. Rejects with SourceError. */
  read(
    queues: readonly QueueReading[],
    signal: AbortSignal,
  ): Promise<readonly DeadLetterBinding[] | undefined>;
}

export interface BindingReaderOptions {
  readonly get: (path: string, signal: AbortSignal) => Promise<string>;
  readonly vhost: string;
  readonly clock: Clock;
}

/** Bindings change when a pipeline is deployed. */
const EVERY_MS = 60_000;
const MAX_EXCHANGES = 20;
const MAX_BINDINGS = 1000;

const bindingSchema = z.object({
  destination: z.string(),
  destination_type: z.literal('queue'),
  routing_key: z.string(),
});

export function createBindingReader({ get, vhost, clock }: BindingReaderOptions): BindingReader {
  let askedMs = Number.NEGATIVE_INFINITY;
  let askedFor = '';

  async function readExchange(exchange: string, signal: AbortSignal): Promise<readonly DeadLetterBinding[]> {
    const path = `/exchanges/${encodeURIComponent(vhost)}/${encodeURIComponent(exchange)}/bindings/source`;
    try {
      const answer: unknown = JSON.parse(
        await get(`${path}?columns=destination,destination_type,routing_key`, signal),
      );
      if (!Array.isArray(answer)) return [];
      return answer.slice(0, MAX_BINDINGS).flatMap((entry): DeadLetterBinding | [] => {
        const { data } = bindingSchema.safeParse(entry);
        return data ? { exchange, queue: data.destination, routingKey: data.routing_key } : [];
      });
    } catch (error) {
      // Where the exchange does not exist, the broker drops the dead letters: they come from nowhere.
      if (error instanceof SourceError && error.reason === 'rejected') return [];
      throw error;
    }
  }

  return {
    async read(queues, signal) {
      const exchanges = exchangesOf(queues);
      const wanted = exchanges.join('\n');
      const isDue = wanted !== askedFor || clock.monotonicMs() - askedMs >= EVERY_MS;
      if (exchanges.length === 0 || !isDue) return undefined;
      const lists = await Promise.all(exchanges.map((exchange) => readExchange(exchange, signal)));
      askedMs = clock.monotonicMs();
      askedFor = wanted;
      return lists.flat();
    },
  };
}

/** The default exchange needs no asking: it leads to the queue that is named as the key. */
function exchangesOf(queues: readonly QueueReading[]): readonly string[] {
  const names = new Set(queues.flatMap(({ traits }) => traits?.deadLetterExchange || []));
  return [...names].toSorted().slice(0, MAX_EXCHANGES);
}
