/** Judges every worker, and remembers between looks what the picture of now does not tell: since when. */

import type { Fleet, SourceName } from '../fleet/model.js';
import type { Worker } from '../fleet/progress-model.js';
import { judgeActivity } from './activity.js';
import type { Freshness } from './freshness.js';
import { jobInHand, judgeWorker, type WorkerJudgement } from './judge-worker.js';
import { createStarvation } from './starvation.js';
import type { WorkerStanding, WorkerVerdict } from './verdicts.js';
import type { WorkerScene } from './worker-scene.js';

export interface WorkerJudge {
  judge(scene: WorkerScene): ReadonlyMap<string, WorkerVerdict>;
}

export function createWorkerJudge(): WorkerJudge {
  let verdicts = new Map<string, WorkerVerdict>();
  /** When a job of each was last seen: it is through with starting. */
  const lastJobAtMs = new Map<string, number>();
  const starvation = createStarvation();

  function judgeOne(key: string, worker: Worker, scene: WorkerScene): WorkerJudgement {
    const { fleet, settings, nowMs, freshness, surroundings } = scene;
    const container = worker.identity === undefined ? undefined : fleet.containers.get(worker.identity);
    if (jobInHand(worker.job, container)) lastJobAtMs.set(key, nowMs);
    const feed = feedOf(worker, freshness);
    return judgeWorker({
      worker,
      container,
      nowMs,
      limits: scene.limitsOf(worker.stage),
      startGraceMs: settings.detection.start_grace,
      stale: staleSource(container !== undefined, feed, freshness),
      isProgressWatched: feed !== undefined,
      lookedAtMs: (feed && freshness.lookedAtMs(feed)) ?? nowMs,
      hasWorked: (lastJobAtMs.get(key) ?? 0) > (container?.startedAtMs ?? 0),
      activity: (neededMs) => judgeActivity(fleet, surroundings.around(worker), { nowMs, neededMs }),
    });
  }

  function forgetGone({ workers }: Fleet): void {
    for (const key of lastJobAtMs.keys()) if (!workers.has(key)) lastJobAtMs.delete(key);
  }

  return {
    judge(scene) {
      const judged = new Map<string, WorkerJudgement>();
      for (const [key, worker] of scene.fleet.workers) judged.set(key, judgeOne(key, worker, scene));
      starvation.apply(judged, scene);
      const next = new Map<string, WorkerVerdict>();
      for (const [key, worker] of scene.fleet.workers) {
        const judgement = judged.get(key);
        if (judgement) next.set(key, conclude(worker, judgement, verdicts.get(key), scene.nowMs));
      }
      verdicts = next;
      forgetGone(scene.fleet);
      return next;
    },
  };
}

/** Where the worker's progress comes from; undefined: from nowhere. */
function feedOf({ isByMessage }: Worker, freshness: Freshness): SourceName | undefined {
  if (isByMessage) return 'rabbitmq';
  return freshness.isWatched('progress') ? 'progress' : undefined;
}

function staleSource(hasContainer: boolean, feed: SourceName | undefined, freshness: Freshness) {
  const sources = [...(hasContainer ? (['docker'] as const) : []), ...(feed ? [feed] : [])];
  for (const source of sources) {
    const problem = freshness.staleProblem(source);
    if (problem !== undefined) return { source, problem };
  }
  return undefined;
}

function conclude(
  { container, stage }: Worker,
  judgement: WorkerJudgement,
  before: WorkerVerdict | undefined,
  nowMs: number,
): WorkerVerdict {
  const { status } = judgement;
  return {
    ...judgement,
    standing: sameStanding(before?.standing, { container, status, ...(stage !== undefined && { stage }) }),
    sinceMs: before?.status === status ? before.sinceMs : nowMs,
  };
}

/** The same object as long as nothing of it changes: what it rendered stays good. */
function sameStanding(before: WorkerStanding | undefined, now: WorkerStanding): WorkerStanding {
  const isSame =
    before?.status === now.status && before.container === now.container && before.stage === now.stage;
  return isSame ? before : now;
}
