/** Remembers over restarts of the daemon which queues had a consumer: those of no stage are missed only when they had one. */

import type { QueueReading } from '../../fleet/queue-observations.js';
import type { DurableSection } from '../../lib/durable-section.js';

export interface ServedQueues {
  /** The longest served ago first. */
  readonly names: readonly string[];
  note(queues: readonly QueueReading[]): void;
}

/** Reply queues with names of their own come and go; the newest are kept. */
const MAX_NAMES = 10_000;

/** `key`: the broker that is watched; what is remembered of another one does not apply. */
export function createServedQueues(durable: DurableSection | undefined, key: string): ServedQueues {
  const served = new Set(parseStored(durable?.load(), key));

  return {
    get names() {
      return [...served];
    },
    note(queues) {
      const added = queues.filter(({ name, consumers = 0 }) => consumers > 0 && !served.has(name));
      if (added.length === 0) return;
      for (const { name } of added) served.add(name);
      while (served.size > MAX_NAMES) served.delete(served.values().next().value ?? '');
      durable?.save(() => ({ key, names: [...served] }));
    },
  };
}

function parseStored(value: unknown, key: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { key: storedKey, names } = value as Record<string, unknown>;
  if (storedKey !== key || !Array.isArray(names)) return [];
  return (names as readonly unknown[]).filter((name) => typeof name === 'string').slice(-MAX_NAMES);
}
