/** StageStalled: a stage has work, and no worker of it can do it: each is stuck, starved or down, or there is none. */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector, Judgement, Scene } from './scene.js';
import { type StageStatusCounts, WORKER_STATUSES, type WorkerStatus } from './verdicts.js';

const OPEN_AFTER_MS = 20_000;
const CLEAR_AFTER_MS = 20_000;
const UNABLE: ReadonlySet<WorkerStatus> = new Set(['stuck', 'starved', 'down']);
const ABLE = ['active', 'slow', 'idle', 'starting'] as const satisfies readonly WorkerStatus[];

interface StageFacts {
  readonly counts: Map<WorkerStatus, number>;
  jobsInHand: number;
  /** When the last of them became unable. */
  sinceMs: number;
}

export const stageStalled: Detector = {
  kind: 'StageStalled',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene): Judgement {
    const found: Detection[] = [];
    const unsure: string[] = [];
    const waiting = waitingByStage(scene);
    for (const [stage, facts] of gatherStages(scene, waiting.keys())) {
      const statuses = [...facts.counts.keys()];
      if (statuses.includes('unknown')) unsure.push(stage);
      else if (statuses.every((status) => UNABLE.has(status))) {
        const ready = waiting.get(stage) ?? 0;
        if (ready > 0 || facts.jobsInHand > 0) found.push(describe(stage, facts, ready, scene));
        else if (isWaitingUnknown(stage, scene)) unsure.push(stage);
      }
    }
    return { found, unsure };
  },
};

/** Messages that wait, by stage; nothing where the broker is not fresh. */
function waitingByStage({ fleet, isFresh }: Scene): ReadonlyMap<string, number> {
  const waiting = new Map<string, number>();
  if (!isFresh('rabbitmq')) return waiting;
  for (const { stage, ready } of fleet.queues.values()) {
    if (stage !== undefined && ready && ready.value > 0) {
      waiting.set(stage, (waiting.get(stage) ?? 0) + ready.value);
    }
  }
  return waiting;
}

/** The broker is not fresh, or its answers lack what waits: no data is no empty queue. */
function isWaitingUnknown(stage: string, { fleet, isWatched, isFresh }: Scene): boolean {
  if (!isWatched('rabbitmq')) return false;
  if (!isFresh('rabbitmq')) return true;
  return [...fleet.queues.values()].some(
    (queue) => queue.stage === stage && queue.status !== 'missing' && !queue.ready,
  );
}

function gatherStages(
  { fleet, notable, stageWorkers, nowMs }: Scene,
  waiting: Iterable<string>,
): ReadonlyMap<string, StageFacts> {
  const stages = new Map<string, StageFacts>();
  for (const stage of waiting) {
    if (isAnyAble(stageWorkers.get(stage))) continue;
    stages.set(stage, { counts: new Map(), jobsInHand: 0, sinceMs: 0 });
  }
  for (const [key, { status, sinceMs, silentMs }] of notable) {
    const worker = fleet.workers.get(key);
    if (worker?.stage === undefined || isAnyAble(stageWorkers.get(worker.stage))) continue;
    const facts = stages.get(worker.stage) ?? { counts: new Map(), jobsInHand: 0, sinceMs: 0 };
    facts.counts.set(status, (facts.counts.get(status) ?? 0) + 1);
    if ((worker.job || worker.hold) && status === 'stuck') facts.jobsInHand++;
    const unableSinceMs = status === 'stuck' && silentMs !== undefined ? nowMs - silentMs : sinceMs;
    facts.sinceMs = Math.max(facts.sinceMs, unableSinceMs);
    stages.set(worker.stage, facts);
  }
  return stages;
}

/** Then the stage is not stalled, whatever the others do. */
function isAnyAble(stage: StageStatusCounts<WorkerStatus> | undefined): boolean {
  return stage !== undefined && ABLE.some((status) => stage.counts[status] > 0);
}

function describe(stage: string, facts: StageFacts, ready: number, scene: Scene): Detection {
  const { counts, sinceMs } = facts;
  const parts = WORKER_STATUSES.flatMap((status) => {
    const count = counts.get(status);
    return count === undefined ? [] : `${count} ${status}`;
  });
  const name = scene.fleet.stages.get(stage)?.name;
  const beganAtMs = sinceMs === 0 ? scene.nowMs : sinceMs;
  return {
    kind: 'StageStalled',
    key: stage,
    subject: { stage },
    summary:
      parts.length === 0
        ? `no worker is there, and its queue has ${counted(ready, 'message')}`
        : `no worker can work: ${parts.join(', ')}`,
    evidence: [
      ...(ready > 0
        ? [`${counted(ready, 'message')} waiting for ${stage}${name === undefined ? '' : ` ${name}`}`]
        : []),
      parts.length === 0 ? 'no container serves the stage' : `workers: ${parts.join(', ')}`,
      `so for ${formatDuration(scene.nowMs - beganAtMs)}`,
    ],
    clearsWhen: 'A worker of the stage is idle or works again, or there is no more work.',
    beganAtMs,
  };
}
