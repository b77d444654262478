/** Asks the management API how long the broker waits for the acks of each queue's consumers, where it tells: from 4.3 on. */

import { z } from 'zod';
import type { QueueReading } from '../../fleet/queue-observations.js';
import { isOlderThan } from '../../lib/version.js';

const consumerSchema = z.object({
  queue: z.object({ name: z.string() }),
  consumer_timeout: z.number().int().positive(),
});

export interface TimeoutReaderOptions {
  readonly get: (path: string, signal: AbortSignal) => Promise<string>;
  readonly vhost: string;
}

/** The same queues with the shortest limit of their consumers, which a consumer, queue, policy or the broker may set. */
export async function withConsumerTimeouts(
  queues: readonly QueueReading[],
  {
    get,
    vhost,
    version,
    signal,
  }: TimeoutReaderOptions & { version: string | undefined; signal: AbortSignal },
): Promise<readonly QueueReading[]> {
  if (!isTold(queues, version)) return queues;
  const path = `/consumers/${encodeURIComponent(vhost)}?columns=queue.name,consumer_timeout`;
  const timeouts = parseTimeouts(JSON.parse(await get(path, signal)));
  return queues.map((queue) => {
    const consumerTimeoutMs = queue.type === 'quorum' ? timeouts.get(queue.name) : undefined;
    return consumerTimeoutMs === undefined ? queue : { ...queue, consumerTimeoutMs };
  });
}

/** From 4.3 on only quorum queues have a limit. */
function isTold(queues: readonly QueueReading[], version: string | undefined): boolean {
  if (version === undefined || isOlderThan(version, [4, 3, 0]) !== false) return false;
  return queues.some(({ type, consumers }) => type === 'quorum' && consumers !== 0);
}

function parseTimeouts(answer: unknown): ReadonlyMap<string, number> {
  const timeouts = new Map<string, number>();
  for (const entry of Array.isArray(answer) ? answer : []) {
    const { data } = consumerSchema.safeParse(entry);
    if (!data) continue;
    const known = timeouts.get(data.queue.name) ?? data.consumer_timeout;
    timeouts.set(data.queue.name, Math.min(known, data.consumer_timeout));
  }
  return timeouts;
}
