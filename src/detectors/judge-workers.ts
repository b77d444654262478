/** Judges every worker, and remembers between looks what the picture of now does not tell: since when. */

import type { Container, Fleet, SourceName } from '../fleet/model.js';
import type { Worker } from '../fleet/progress-model.js';
import { judgeActivity } from './activity.js';
import { jobOfHold } from './judge-hold.js';
import { jobInHand, judgeWorker } from './judge-worker.js';
import { createStarvation, type MissingConsumers, type Starvation } from './starvation.js';
import type { WorkerStatus, WorkerVerdict } from './verdicts.js';
import type { WorkerFacts, WorkerJudgement } from './worker-facts.js';
import type { WorkerScene } from './worker-scene.js';

export interface WorkerJudge {
  judge(scene: WorkerScene): ReadonlyMap<string, WorkerVerdict>;
  /** By stage: consumers that are missing, of which nobody knows whose they are. */
  readonly missingConsumers: ReadonlyMap<string, MissingConsumers>;
  readonly unjudgedConsumers: Starvation['unjudged'];
}

/** What is the same for all workers at one look. */
interface Look {
  readonly scene: WorkerScene;
  readonly staleDocker: WorkerFacts['stale'];
  readonly files: Feed | undefined;
  readonly messages: Feed;
  readonly activity: WorkerFacts['activity'];
}

/** Where progress comes from. */
interface Feed {
  readonly stale: WorkerFacts['stale'];
  readonly lookedAtMs: number;
}

export function createWorkerJudge(): WorkerJudge {
  let verdicts = new Map<string, WorkerVerdict>();
  /** When a job of each was seen to have begun in the last life that had one: it is through with starting. */
  const workedAtMs = new Map<string, number>();
  let seenJobs = 0;
  /** When those that were down or paused were first seen to run again. */
  const upAgainAtMs = new Map<string, number>();
  const starvation = createStarvation((key) => workedAtMs.has(key));

  /** A job may begin and end between two looks at who has one. */
  function noteEndedJobs({ endedJobs, workers }: Fleet): void {
    for (const { entry } of endedJobs.since(seenJobs)) {
      const key = entry.identity ?? entry.container;
      if (workers.has(key)) workedAtMs.set(key, Math.max(workedAtMs.get(key) ?? 0, entry.startedAtMs));
    }
    seenJobs = endedJobs.newest;
  }

  function followDown(key: string, container: Container | undefined, nowMs: number): void {
    if (container?.state === 'running' && verdicts.get(key)?.status === 'down') upAgainAtMs.set(key, nowMs);
  }

  function judgeOne(key: string, worker: Worker, look: Look): WorkerJudgement {
    const { fleet, settings, nowMs, limitsOf } = look.scene;
    const container = worker.identity === undefined ? undefined : fleet.containers.get(worker.identity);
    const startedAtMs = container?.startedAtMs ?? 0;
    let hasWorked = (workedAtMs.get(key) ?? 0) > startedAtMs;
    const isAtWork = worker.hold ? worker.hold.total > 0 : jobInHand(worker.job, container) !== undefined;
    if (!hasWorked && isAtWork) {
      workedAtMs.set(key, nowMs);
      hasWorked = nowMs > startedAtMs;
    }
    followDown(key, container, nowMs);
    const feed = worker.isByMessage || worker.hold ? look.messages : look.files;
    return judgeWorker({
      worker,
      container,
      nowMs,
      limits: limitsOf(worker.stage),
      startGraceMs: settings.detection.start_grace,
      stale: (container && look.staleDocker) ?? feed?.stale,
      isProgressWatched: feed !== undefined,
      lookedAtMs: feed?.lookedAtMs ?? nowMs,
      upAgainAtMs: upAgainAtMs.get(key),
      hasWorked,
      processes: worker.hold && fleet.processes.get(worker.identity ?? ''),
      activity: look.activity,
    });
  }

  function forgetGone({ workers }: Fleet): void {
    for (const map of [workedAtMs, upAgainAtMs]) {
      if (map.size <= workers.size) continue;
      for (const key of map.keys()) if (!workers.has(key)) map.delete(key);
    }
  }

  return {
    missingConsumers: starvation.missing,
    unjudgedConsumers: starvation.unjudged,
    judge(scene) {
      const { fleet, nowMs } = scene;
      const look = lookAt(scene);
      noteEndedJobs(fleet);
      const next = new Map<string, WorkerVerdict>();
      for (const [key, worker] of fleet.workers) {
        const verdict = conclude(worker, judgeOne(key, worker, look), verdicts.get(key), nowMs);
        const container = worker.identity === undefined ? undefined : fleet.containers.get(worker.identity);
        const job = worker.hold
          ? jobOfHold(verdict.status === 'down' ? undefined : worker.hold, look.messages.lookedAtMs)
          : jobInHand(worker.job, container);
        if (job) verdict.job = job;
        next.set(key, verdict);
      }
      for (const [key, judgement] of starvation.find(next, scene)) {
        const worker = fleet.workers.get(key);
        if (worker) next.set(key, conclude(worker, judgement, verdicts.get(key), nowMs));
      }
      verdicts = next;
      forgetGone(fleet);
      return next;
    },
  };
}

function lookAt(scene: WorkerScene): Look {
  const { fleet, nowMs, freshness, surroundings } = scene;
  const staleOf = (source: SourceName): WorkerFacts['stale'] => {
    const problem = freshness.staleProblem(source);
    return problem === undefined ? undefined : { source, problem };
  };
  const feedOf = (source: SourceName): Feed => ({
    stale: staleOf(source),
    lookedAtMs: freshness.lookedAtMs(source) ?? nowMs,
  });
  return {
    scene,
    staleDocker: staleOf('docker'),
    files: freshness.isWatched('progress') ? feedOf('progress') : undefined,
    messages: feedOf('rabbitmq'),
    activity: (neededMs, worker) => judgeActivity(fleet, surroundings.around(worker), { nowMs, neededMs }),
  };
}

/** What it was before nobody could judge it, it still is: the time between is left out, and it did not turn so just now. */
function sinceWhen(status: WorkerStatus, before: WorkerVerdict | undefined, nowMs: number): number {
  if (!before) return nowMs;
  if (before.status === status) return before.sinceMs;
  const { known } = before;
  return known?.status === status ? known.sinceMs + nowMs - before.sinceMs : nowMs;
}

/** Assigned one by one: this runs for every worker at every look. */
function conclude(
  { container, stage }: Worker,
  judgement: WorkerJudgement,
  before: WorkerVerdict | undefined,
  nowMs: number,
): { -readonly [K in keyof WorkerVerdict]: WorkerVerdict[K] } {
  const { status, reason, evidence, stuckBy, silentMs, isSuspect, stillSinceMs, isUncertain } = judgement;
  const isSame = before?.status === status;
  const old = before?.standing;
  // The same object as long as nothing of it changes: what it rendered stays good.
  const isStandingSame = isSame && old?.container === container && old.stage === stage;
  const verdict: { -readonly [K in keyof WorkerVerdict]: WorkerVerdict[K] } = {
    standing: isStandingSame && old ? old : { container, status, ...(stage !== undefined && { stage }) },
    status,
    reason,
    sinceMs: sinceWhen(status, before, nowMs),
    evidence,
  };
  if (status === 'unknown' && before) {
    verdict.known = before.known ?? { status: before.status, sinceMs: before.sinceMs };
  }
  if (silentMs !== undefined) verdict.silentMs = silentMs;
  if (stuckBy !== undefined) verdict.stuckBy = stuckBy;
  if (isSuspect) verdict.isSuspect = true;
  if (stillSinceMs !== undefined) verdict.stillSinceMs = stillSinceMs;
  if (isUncertain) verdict.isUncertain = true;
  return verdict;
}
