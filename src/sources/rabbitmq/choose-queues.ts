/** Decides which queues of the vhost are watched: those of stages, and others by patterns, up to a bound. */

import type { RabbitmqConfig } from '../../config/rabbitmq-section.js';
import { matchesAnyGlob } from '../../lib/glob.js';
import type { QueueChoice } from './broker-way.js';
import { PROGRESS_QUEUE_PREFIX } from './progress-consumer.js';

export interface QueueChooser extends QueueChoice {
  /** Chosen last, beside those of stages. */
  readonly others: ReadonlySet<string>;
  /** How many the bound has left out of the last list. */
  readonly leftOutCount: number;
}

export function createQueueChooser(
  { include, exclude, max_queues: maxQueues }: Pick<RabbitmqConfig, 'include' | 'exclude' | 'max_queues'>,
  stageQueues: ReadonlySet<string>,
): QueueChooser {
  let others: ReadonlySet<string> = new Set();
  let leftOutCount = 0;

  function isWanted(name: string): boolean {
    if (name.startsWith(PROGRESS_QUEUE_PREFIX)) return false;
    return matchesAnyGlob(include, name) && !matchesAnyGlob(exclude, name);
  }

  return {
    stageQueues,
    get others() {
      return others;
    },
    get leftOutCount() {
      return leftOutCount;
    },
    choose(names) {
      const chosen = new Set<string>();
      const wanted: string[] = [];
      for (const name of names) {
        if (stageQueues.has(name)) chosen.add(name);
        else if (isWanted(name)) wanted.push(name);
      }
      leftOutCount = Math.max(0, wanted.length - maxQueues);
      // By name, so that the same ones are kept at each read, in whatever order the broker lists them.
      const kept = leftOutCount === 0 ? wanted : wanted.toSorted().slice(0, maxQueues);
      others = new Set(kept);
      for (const name of kept) chosen.add(name);
      return chosen;
    },
  };
}
