/** Decides which stage's queue is which: by the configuration, else by what the workers of a stage say with one voice. */

import type { Worker } from './progress-model.js';
import type { Stage } from './stage-model.js';

export type StageQueue = Pick<Stage, 'id' | 'queue'>;

/**
 * Workers of one stage that name several queues, or of several stages that name one, tell nothing: one queue's figures
 * would speak for another's workers.
 */
export function chooseQueues(
  configured: Iterable<StageQueue>,
  workers: Iterable<Pick<Worker, 'stage' | 'queue'>>,
): readonly StageQueue[] {
  const own = [...configured].filter(({ queue }) => queue !== undefined);
  const isOwn = { stages: new Set(own.map(({ id }) => id)), queues: new Set(own.map(({ queue }) => queue)) };
  const queuesOf = new Map<string, Set<string>>();
  const stagesOf = new Map<string, Set<string>>();
  for (const { stage, queue } of workers) {
    if (stage === undefined || queue === undefined) continue;
    add(queuesOf, stage, queue);
    add(stagesOf, queue, stage);
  }
  const told = [...queuesOf].flatMap(([id, queues]) => {
    const [queue = '', ...others] = queues;
    const isClear = others.length === 0 && stagesOf.get(queue)?.size === 1;
    return isClear && !isOwn.stages.has(id) && !isOwn.queues.has(queue) ? [{ id, queue }] : [];
  });
  return [...own, ...told];
}

function add(sets: Map<string, Set<string>>, key: string, entry: string): void {
  const set = sets.get(key);
  if (set) set.add(entry);
  else sets.set(key, new Set([entry]));
}
