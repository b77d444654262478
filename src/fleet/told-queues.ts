/** Decides which stage's queue is which: by the configuration, else by what the workers of a stage say with one voice. */

import type { Worker } from './progress-model.js';
import type { Stage } from './stage-model.js';

export type StageQueue = Pick<Stage, 'id' | 'queue'>;

export interface ToldQueues {
  /**
   * Workers of one stage that name several queues, or of several stages that name one, tell nothing: one queue's figures
   * would speak for another's workers. What a stage without workers was told last counts for an hour.
   */
  choose(
    configured: Iterable<StageQueue>,
    workers: Iterable<Pick<Worker, 'stage' | 'queue'>>,
    nowMs: number,
  ): readonly StageQueue[];
}

/** Where the engine is not watched, an idle worker is unknown until its next job. */
const KEPT_MS = 3_600_000;

export function createToldQueues(): ToldQueues {
  /** By stage. */
  const kept = new Map<string, { readonly queue: string; readonly toldAtMs: number }>();

  return {
    choose(configured, workers, nowMs) {
      const own = [...configured].filter(({ queue }) => queue !== undefined);
      const ownStages = new Set(own.map(({ id }) => id));
      const ownQueues = new Set(own.map(({ queue }) => queue));
      const told = gather(workers);
      for (const [stage, queues] of told) {
        const [queue = '', ...others] = queues;
        if (others.length === 0) kept.set(stage, { queue, toldAtMs: nowMs });
        else kept.delete(stage);
      }
      for (const [stage, { toldAtMs }] of kept) if (nowMs - toldAtMs > KEPT_MS) kept.delete(stage);
      const stagesOf = new Map<string, number>();
      for (const { queue } of kept.values()) stagesOf.set(queue, (stagesOf.get(queue) ?? 0) + 1);
      const chosen = [...kept].flatMap(([id, { queue }]) =>
        stagesOf.get(queue) === 1 && !ownStages.has(id) && !ownQueues.has(queue) ? [{ id, queue }] : [],
      );
      return [...own, ...chosen];
    },
  };
}

function gather(
  workers: Iterable<Pick<Worker, 'stage' | 'queue'>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const queuesOf = new Map<string, Set<string>>();
  for (const { stage, queue } of workers) {
    if (stage === undefined || queue === undefined) continue;
    const queues = queuesOf.get(stage);
    if (queues) queues.add(queue);
    else queuesOf.set(stage, new Set([queue]));
  }
  return queuesOf;
}
