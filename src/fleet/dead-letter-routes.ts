/** Works out where dead letters of queues end up, from how the queues are declared and how exchanges are bound. */

import type { QueueTraits } from './queue-kind.js';

/** A queue bound to an exchange that dead letters go to. */
export interface DeadLetterBinding {
  readonly exchange: string;
  readonly routingKey: string;
  readonly queue: string;
}

/** By name of the queue that takes them: the queues that they come from, in order. What goes back to its queue is left out. */
export function routeDeadLetters(
  queues: Iterable<readonly [name: string, traits: QueueTraits]>,
  bindings: readonly DeadLetterBinding[],
): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, string[]>();
  for (const [name, traits] of queues) {
    for (const target of targetsOf(traits, bindings)) {
      if (target === name) continue;
      const known = sources.get(target);
      if (known) known.push(name);
      else sources.set(target, [name]);
    }
  }
  for (const names of sources.values()) names.sort();
  return sources;
}

function targetsOf(
  { deadLetterExchange: exchange, deadLetterRoutingKey: key }: QueueTraits,
  bindings: readonly DeadLetterBinding[],
): ReadonlySet<string> {
  if (exchange === undefined) return new Set();
  // The default exchange leads to the queue of that name; without a key a message keeps its own, and returns.
  if (exchange === '') return new Set(key === undefined ? [] : [key]);
  const bound = bindings.filter((binding) => binding.exchange === exchange);
  const exact = bound.filter(({ routingKey }) => routingKey === key);
  const open = bound.filter(
    ({ routingKey }) => routingKey === '' || routingKey.includes('#') || routingKey.includes('*'),
  );
  // Without a key of its own each message keeps the one that it was published with: any of them may be meant.
  const meant = key === undefined ? bound : exact.length > 0 ? exact : open;
  return new Set(meant.map(({ queue }) => queue));
}
