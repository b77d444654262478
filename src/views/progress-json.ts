/** Work in progress as JSON: workers, orchestrators, the newest ended jobs and the files that are of no use. */

import { holdLimit } from '../detectors/judge-hold.js';
import type { OrchestratorVerdict, Verdicts, WorkerVerdict } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { EndedJob, Job, Orchestrator, Worker } from '../fleet/progress-model.js';
import { renderHoldUp } from './hold-up-json.js';
import { toIso } from './iso-time.js';

const MAX_ENDED_JOBS = 100;
const MAX_IGNORED_FILES = 100;

export function renderProgress(fleet: Fleet, verdicts: Verdicts) {
  const { workers, orchestrators, endedJobs, ignoredProgressFiles } = fleet;
  const ready = readyByStage(fleet);
  return {
    workers: [...workers].map(([key, worker]) => ({
      ...renderWorker(worker, verdicts.workers.get(key), ready),
      basis: basisOf(worker, verdicts.workers.get(key)),
      holdLimitMs: holdLimitOf(worker, verdicts),
      inHand: fleet.holds.get(worker.identity ?? '')?.total ?? null,
      acks: fleet.holds.get(worker.identity ?? '')?.acks ?? null,
      queues: fleet.containers.get(worker.identity ?? '')?.queues ?? [],
    })),
    orchestrators: [...orchestrators].map(([key, orchestrator]) =>
      renderOrchestrator(orchestrator, verdicts.orchestrators.get(key)),
    ),
    endedJobs: endedJobs.since(endedJobs.newest - MAX_ENDED_JOBS).map(({ entry }) => renderEndedJob(entry)),
    ignoredProgressFiles: [...ignoredProgressFiles.values()]
      .slice(0, MAX_IGNORED_FILES)
      .map(({ file, reason, detail, sinceMs }) => ({ file, reason, detail, since: toIso(sinceMs) })),
    ignoredProgressMessages: renderIgnoredMessages(fleet),
  };
}

/** What its status rests on; that a worker is stuck without progress of its own, the kernel tells. */
function basisOf(
  { hold, job }: Worker,
  verdict: WorkerVerdict | undefined,
): 'progress' | 'broker' | 'kernel' | null {
  if (!hold) return job ? 'progress' : null;
  return verdict?.status === 'stuck' ? 'kernel' : 'broker';
}

/** For how long it may hold a message while nothing of it moves; null: its own progress is what it is judged by. */
function holdLimitOf({ hold, stage }: Worker, { limits }: Verdicts): number | null {
  const inForce = limits.get(stage ?? '');
  return hold?.reading === 'job' && inForce ? holdLimit(inForce).ms : null;
}

/** Each reason that occurred, with the last message's fault. */
function renderIgnoredMessages({ ignoredProgressMessages: ignored }: Fleet) {
  return Object.entries(ignored?.counts ?? {}).flatMap(([reason, count]) => {
    const last = [...(ignored?.last ?? [])].find(([known]) => known === reason)?.[1];
    return last ? { reason, count, lastDetail: last.detail, lastAt: toIso(last.atMs) } : [];
  });
}

function renderWorker(
  { container, id, stage, gpu, job, unreadable }: Worker,
  verdict: WorkerVerdict | undefined,
  ready: ReadonlyMap<string, number>,
) {
  return {
    container,
    id: id ?? null,
    stage: stage ?? null,
    gpu: gpu ?? null,
    status: verdict?.status ?? null,
    reason: verdict?.reason ?? null,
    since: toIso(verdict?.sinceMs),
    // What it was judged by: a job that came or went since stands beside the next verdict.
    ...renderJob(verdict ? verdict.job : job),
    progressFileProblem: unreadable ?? null,
    queueReady: stage === undefined ? null : (ready.get(stage) ?? null),
  };
}

/** Messages that wait in the queue of each stage; stages without a queue, or of which nothing tells, are left out. */
function readyByStage({ queues }: Fleet): ReadonlyMap<string, number> {
  const ready = new Map<string, number>();
  for (const queue of queues.values()) {
    if (queue.stage !== undefined && queue.ready) ready.set(queue.stage, queue.ready.value);
  }
  return ready;
}

function renderOrchestrator(now: Orchestrator, verdict: OrchestratorVerdict | undefined) {
  const { container, id, unreadable } = now;
  // As it was judged: its place and the reason are of one moment.
  const { stage, state, completed, document, job } = verdict?.judged ?? now;
  return {
    container,
    id: id ?? null,
    stage: stage ?? null,
    status: verdict?.status ?? null,
    reason: verdict?.reason ?? null,
    since: toIso(verdict?.sinceMs),
    dots: verdict?.dots ?? '',
    heldUpBy: verdict?.holdUp ? renderHoldUp(verdict.holdUp) : null,
    ...renderJob(job),
    state: state ?? null,
    completed,
    document: document ?? null,
    progressFileProblem: unreadable ?? null,
  };
}

function renderJob(job: Job | undefined) {
  return {
    state: job?.state ?? null,
    document: job?.document ?? null,
    done: job?.done ?? null,
    total: job?.total ?? null,
    unit: job?.unit ?? null,
    message: job?.message ?? null,
    jobStartedAt: toIso(job?.startedAtMs),
    lastProgressAt: toIso(job?.lastProgressAtMs),
    lastHeartbeatAt: toIso(job?.lastHeartbeatAtMs),
    clockSkewMs: job?.clockSkewMs ?? null,
  };
}

function renderEndedJob(job: EndedJob) {
  return {
    container: job.container,
    stage: job.stage ?? null,
    document: job.document ?? null,
    startedAt: toIso(job.startedAtMs),
    endedAt: toIso(job.endedAtMs),
    durationMs: job.durationMs ?? null,
    outcome: job.outcome,
    end: job.end,
  };
}
