/**
 * Decides the one status of a worker, and why.
 *
 * Time without progress is counted up to the last look at the worker's file, not up to now: what nobody looks at does
 * not grow old, so an outage of ours makes no worker stuck.
 */

import type { Container, ContainerEnd } from '../fleet/model.js';
import type { Job } from '../fleet/progress-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { endInWords } from './job-death.js';
import { judgeHold } from './judge-hold.js';
import type { StageLimits, WorkerStatus } from './verdicts.js';
import type { WorkerFacts, WorkerJudgement } from './worker-facts.js';

/** Two readings of the CPU lie so far apart that a hang shows at most this much later than it began. */
const CPU_LAG_MS = 12_000;
const MIN_STILL_MS = 20_000;
const MAX_STILL_MS = 120_000;
/** Where nothing has moved for this long, and also half of a shorter limit is over, a worker may be about to be stuck. */
const SUSPECT_MS = 45_000;
const SUSPECT_SHARE = 0.5;
/** The engine's clock and ours. */
const CLOCK_TOLERANCE_MS = 5000;
const UNSURE_MS = 30_000;

export function judgeWorker(facts: WorkerFacts): WorkerJudgement {
  const { worker, stale, isProgressWatched } = facts;
  if (stale?.source === 'docker') return plain('unknown', `docker is stale: ${stale.problem}`);
  const unreadable = facts.container?.unreadable;
  if (unreadable !== undefined) return plain('unknown', `the engine's answer cannot be read: ${unreadable}`);
  const down = judgeDown(facts.container);
  if (down) return down;
  if (worker.hold) {
    return stale
      ? plain('unknown', `${stale.source} is stale: ${stale.problem}`)
      : judgeHold(worker.hold, facts);
  }
  if (!isProgressWatched) return plain('unknown', 'no progress is watched: set progress.directory');
  if (stale) return plain('unknown', `${stale.source} is stale: ${stale.problem}`);
  if (worker.unreadable !== undefined) {
    return plain('unknown', `its progress file cannot be used (${worker.unreadable})`);
  }
  const job = jobInHand(worker.job, facts.container);
  return job ? judgeJob(job, facts) : judgeWithoutJob(facts);
}

/**
 * A job of a life before is in hand no more: its file was last written before the container's start, or, where the
 * engine's clock and ours differ, about then, and the job began before it.
 */
export function jobInHand(job: Job | undefined, container: Container | undefined): Job | undefined {
  const startedAtMs = container?.startedAtMs;
  if (!job || startedAtMs === undefined) return job;
  const isOlder = job.startedAtMs < startedAtMs - CLOCK_TOLERANCE_MS;
  const heardFromMs = isOlder ? startedAtMs + UNSURE_MS : startedAtMs;
  return job.lastHeartbeatAtMs >= heardFromMs ? job : undefined;
}

const NO_EVIDENCE: readonly string[] = [];

function plain(status: WorkerStatus, reason: string): WorkerJudgement {
  return { status, reason, evidence: NO_EVIDENCE };
}

function judgeDown(container: Container | undefined): WorkerJudgement | undefined {
  if (!container || container.state === 'running') return undefined;
  const { state, lastEnd, error } = container;
  if (state === 'paused') return plain('down', 'container is paused');
  if (error) return plain('down', `container could not be started: ${error}`);
  if (state === 'created') return plain('down', 'container was created and not started');
  if (!lastEnd) return plain('down', `container is ${state}`);
  return plain('down', `container is ${state}: ${endInWords(lastEnd)}${whyDown(lastEnd)}`);
}

function whyDown({ isOurs, isAskedFor, isHeldDown }: ContainerEnd): string {
  if (isOurs) return ', a restart by stagewatch failed';
  if (isAskedFor) return ', asked for';
  return isHeldDown ? ', kept down on request' : '';
}

function judgeWithoutJob({ container, nowMs, startGraceMs, hasWorked }: WorkerFacts): WorkerJudgement {
  const startedAtMs = container?.startedAtMs;
  if (startedAtMs === undefined || hasWorked) return plain('idle', 'no job');
  const upMs = nowMs - startedAtMs;
  if (upMs >= startGraceMs) return plain('idle', 'no job');
  return plain('starting', `no progress since its start; grace until ${formatDuration(startGraceMs)}`);
}

function judgeJob(job: Job, facts: WorkerFacts): WorkerJudgement {
  const { nowMs, limits, lookedAtMs } = facts;
  // While it was paused nothing could move.
  const silentMs = Math.max(0, lookedAtMs - Math.max(job.lastProgressAtMs, facts.upAgainAtMs ?? 0));
  // Where its clock is behind, its container's start is a better word.
  const elapsedMs = Math.max(0, nowMs - Math.max(job.startedAtMs, facts.container?.startedAtMs ?? 0));
  const at = describePlace(job);
  const overall = { silentMs };
  if (limits.maxJobMs !== undefined && elapsedMs > limits.maxJobMs) {
    const reason = `job runs for ${formatDuration(elapsedMs)}, ${formatDuration(limits.maxJobMs)} is the most${at}`;
    const activity = facts.activity(stillnessNeeded(limits.stallMs), facts.worker);
    // Recovery must know whether it is only the clock that speaks against it.
    const isSuspect = activity.isStill && silentMs > limits.stallMs && { isSuspect: true as const };
    const evidence = [reason, ...activity.evidence];
    return { ...overall, status: 'stuck', stuckBy: 'max_job', reason, evidence, ...isSuspect };
  }
  if (silentMs > suspectAfter(limits)) {
    const silent = judgeSilence({ job, facts, silentMs, at });
    if (silent) return { ...overall, ...silent };
  }
  if (limits.slowJobMs !== undefined && elapsedMs > limits.slowJobMs) {
    const reason = `job runs for ${formatDuration(elapsedMs)}, longer than ${formatDuration(limits.slowJobMs)}, twice what 99 in 100 take${at}`;
    return { ...overall, status: 'slow', reason, evidence: [reason] };
  }
  return { status: 'active', reason: `works${at}`, evidence: NO_EVIDENCE, silentMs };
}

interface Silence {
  readonly job: Job;
  readonly facts: WorkerFacts;
  readonly silentMs: number;
  readonly at: string;
}

/** Undefined: the silence means nothing yet. */
function judgeSilence({ job, facts, silentMs, at }: Silence): WorkerJudgement | undefined {
  const { limits, lookedAtMs } = facts;
  const hasUnits = job.done !== undefined;
  const neededMs = stillnessNeeded(limits.stallMs);
  const isOver = silentMs > limits.stallMs;
  const activity = facts.activity(isOver ? neededMs : Math.min(neededMs, suspectAfter(limits)), facts.worker);
  const isSuspect = activity.isStill && {
    isSuspect: true as const,
    ...(activity.stillSinceMs !== undefined && { stillSinceMs: activity.stillSinceMs }),
  };
  if (!isOver) {
    return isSuspect ? { ...plain('active', `works${at}`), ...isSuspect } : undefined;
  }
  const evidence = [
    `no progress for ${formatDuration(silentMs)}${at}; limit ${describeLimit(limits)}`,
    ...activity.evidence,
    describeHeartbeat(job, lookedAtMs),
  ];
  if (activity.isStill) {
    const reason = `no progress for ${formatDuration(silentMs)}${at}, and nothing else moves`;
    return { status: 'stuck', stuckBy: 'silence', reason, evidence, ...isSuspect };
  }
  const isUncertain = (activity.cpu === 'unknown' || activity.isBlind) && { isUncertain: true as const };
  // Without units nothing can be expected to move: how long such a job may take, only max_job says.
  if (!hasUnits) {
    return isUncertain ? { ...plain('active', `works${at}`), ...isUncertain } : undefined;
  }
  if (silentMs > limits.livelockMs) {
    const reason = `no progress for ${formatDuration(silentMs)}${at} although busy`;
    const limit = `limit while busy ${formatDuration(limits.livelockMs)}`;
    return { status: 'stuck', stuckBy: 'livelock', reason, evidence: [...evidence, limit] };
  }
  const busy = activity.isMoving ? 'busy' : 'perhaps busy';
  const reason = `no progress for ${formatDuration(silentMs)}${at}, but ${busy}`;
  return { status: 'slow', reason, evidence, ...isUncertain };
}

function describeLimit({ stallMs, origin, learnedMs, jobsWithin }: StageLimits): string {
  const limit = `${formatDuration(stallMs)} (${origin})`;
  if (origin !== 'default' || learnedMs === undefined) return limit;
  return `${limit}; the learned ${formatDuration(learnedMs)} has held for ${counted(jobsWithin, 'job')} only`;
}

function suspectAfter({ stallMs }: StageLimits): number {
  return Math.min(stallMs * SUSPECT_SHARE, SUSPECT_MS);
}

/** A pause of a healthy job, waiting for a disk or a download, is shorter than this. */
function stillnessNeeded(stallMs: number): number {
  return Math.min(Math.max(stallMs - CPU_LAG_MS, MIN_STILL_MS), MAX_STILL_MS);
}

function describePlace({ document, done, total, unit }: Job): string {
  const of = document === undefined ? '' : ` of ${document}`;
  if (done === undefined) return document === undefined ? '' : ` on ${document}`;
  return ` at ${unit ?? 'step'} ${done}${total === undefined ? '' : ` of ${total}`}${of}`;
}

function describeHeartbeat({ lastHeartbeatAtMs, lastProgressAtMs }: Job, lookedAtMs: number): string {
  const ago = formatDuration(Math.max(0, lookedAtMs - lastHeartbeatAtMs));
  return lastHeartbeatAtMs > lastProgressAtMs
    ? `it still wrote its progress ${ago} ago, without a step`
    : `it wrote its progress last ${ago} ago`;
}
