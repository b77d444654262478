/** What holds back the restart of one worker: how it is configured, what is known of it, what it would cost, its own past. */

import type { Finding, FindingKind } from '../detectors/finding.js';
import { times } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Candidate, Hold } from './decision.js';
import { backoffMs, type FailedAttempts, isExhausted, lastAttemptMs, memoryOf, within } from './memory.js';
import type { PlanInput } from './plan-input.js';

export function foundHold({ finding }: Candidate, { verdicts }: PlanInput): Hold | undefined {
  if (!finding || verdicts.findings.has(finding.id)) return undefined;
  return { reason: 'progress_resumed', text: 'it is not found stuck any more' };
}

export function containerHold({ container }: Candidate): Hold | undefined {
  if (container?.role === 'worker') return undefined;
  return { reason: 'no_container', text: 'no worker container of its name is known, only its progress' };
}

export function disabledHold(_candidate: Candidate, { settings }: PlanInput): Hold | undefined {
  if (settings.recovery.enabled) return undefined;
  return { reason: 'disabled', text: 'recovery is off; recovery.enabled turns it on' };
}

export function stageHold(
  { container, stage, identity }: Candidate,
  { settings, fleet }: PlanInput,
): Hold | undefined {
  const action = settings.stages.find(({ id }) => id === stage)?.on_stuck;
  // A container's label wins over the file.
  if (container?.isRestartAllowed === true) return undefined;
  const unsure = fleet.workers.get(identity)?.hold
    ? 'it reports no progress'
    : container?.isDiscovered
      ? 'only the broker’s clients tell that it is a worker'
      : undefined;
  if (action !== 'restart' && unsure !== undefined) {
    const text = `${unsure}, so people are told only; on_stuck: restart of its stage, or the label stagewatch.restart, allows a restart`;
    return { reason: 'stage_notify', text };
  }
  if (action !== 'notify') return undefined;
  return { reason: 'stage_notify', text: `stage ${stage} has on_stuck: notify, so people are told only` };
}

export function dryRunHold(_candidate: Candidate, { settings }: PlanInput): Hold | undefined {
  if (!settings.recovery.dry_run) return undefined;
  return { reason: 'disabled', text: 'recovery.dry_run was turned on meanwhile' };
}

/** A person may restart what has lost its connection, or fails its health check, though a program does not. */
export function notStuckHold(
  { identity, finding, container }: Candidate,
  { verdicts: { workers, findings } }: PlanInput,
): Hold | undefined {
  if (finding || (container && container.state !== 'running')) return undefined;
  const verdict = workers.get(identity);
  if (verdict?.status === 'starved' || findings.has(`WorkerStarved:${identity}`)) return undefined;
  if (container?.health === 'unhealthy') return undefined;
  const how = verdict ? `${verdict.status} (${verdict.reason})` : 'not judged yet';
  return { reason: 'not_stuck', text: `it is not stuck: ${how}` };
}

/** Swarm has no other say than to replace a task that ended, so its own way can be taken; not that of the others. */
export function supervisorHold({ container }: Candidate): Hold | undefined {
  const supervisor = container?.supervisor;
  if (!supervisor) return undefined;
  const { kind, title, unit, remedy, place } = supervisor;
  if (place !== undefined && container.state === 'running') return undefined;
  const owner = `${title} (${unit}) starts it again when it ends`;
  const text =
    kind === 'swarm' && place !== undefined
      ? `${owner}: what ended is history, and another task takes its slot`
      : `${owner}; a restart through the engine would fight with that${remedy ? `: ${remedy}` : ''}`;
  return { reason: 'supervised', text };
}

export function labelHold({ container }: Candidate): Hold | undefined {
  if (container?.isRestartAllowed !== false) return undefined;
  return { reason: 'label', text: 'its label stagewatch.restart says false' };
}

export function flightHold({ identity }: Candidate, { memory }: Pick<PlanInput, 'memory'>): Hold | undefined {
  const inFlight = memory.inFlight.get(identity);
  if (!inFlight) return undefined;
  const text =
    inFlight.phase === 'restarting'
      ? `it is being restarted (by ${inFlight.by})`
      : `it was restarted (by ${inFlight.by}), and is not back at work yet`;
  return { reason: 'in_flight', text };
}

/** A process that outlives SIGKILL sleeps inside the kernel; asking again uses up the budget and ends nothing. */
export function killHold({ identity, container }: Candidate, { memory, nowMs }: PlanInput): Hold | undefined {
  const { pending } = memoryOf(memory, identity);
  const killedAtMs = pending?.killedAtMs ?? container?.endRequested?.killedAtMs;
  if (killedAtMs === undefined || container?.state !== 'running') return undefined;
  const ago = formatDuration(Math.max(0, nowMs - killedAtMs));
  const later = pending ? '; when it ends at last, stagewatch starts it again' : '';
  const text = `SIGKILL was sent to it ${ago} ago, and its process has not ended: it waits inside the kernel, as a rule for a disk or a mount, and no restart ends that${later}`;
  return { reason: 'cannot_end', text };
}

/** Independent facts must agree: no progress, and no CPU, GPU or queue activity. */
export function stillnessHold(candidate: Candidate, { verdicts, settings }: PlanInput): Hold | undefined {
  const { finding, why, identity } = candidate;
  if (why !== 'stuck') return undefined;
  const verdict = verdicts.workers.get(identity);
  if (finding?.isUnconfirmed || verdict?.status !== 'stuck') {
    return { reason: 'unconfirmed', text: 'nobody can tell now whether it is still stuck' };
  }
  const isStill = verdict.stuckBy === 'silence' || verdict.isSuspect === true;
  if (isStill || settings.recovery.restart_busy) return undefined;
  const text = `${verdict.reason}; it is not still, and recovery.restart_busy is off`;
  return { reason: 'busy', text };
}

export function gpuHold(
  { identity, container }: Candidate,
  { verdicts, fleet }: PlanInput,
): Hold | undefined {
  const gpu = fleet.workers.get(identity)?.gpu ?? container?.gpu;
  if (gpu === undefined) return undefined;
  const broken = openFinding(verdicts, 'GpuError', (its) => its.gpu === gpu || its.uuid === gpu);
  if (!broken) return undefined;
  return {
    reason: 'gpu_error',
    text: `its GPU ${gpu} is at fault, which no restart cures: ${broken.summary}`,
  };
}

export function poisonHold({ identity }: Candidate, { verdicts, fleet }: PlanInput): Hold | undefined {
  const document = fleet.workers.get(identity)?.job?.document;
  if (document === undefined) return undefined;
  const poison = openFinding(verdicts, 'PoisonDocument', (its) => its.document === document);
  if (!poison) return undefined;
  const text = `${poison.summary}: after a restart it would bring down the next; take it out of the run`;
  return { reason: 'poison_document', text };
}

function openFinding(
  { findings }: PlanInput['verdicts'],
  kind: FindingKind,
  isItsOwn: (subject: Finding['subject']) => boolean,
): Finding | undefined {
  return [...findings.values()].find((finding) => finding.kind === kind && isItsOwn(finding.subject));
}

export function costHold({ cost, why }: Candidate, { settings }: PlanInput): Hold | undefined {
  const { max_lost_work } = settings.recovery;
  // What is down has lost its work already.
  if (why === 'left_down' || !cost || cost.lostMs <= max_lost_work) return undefined;
  const limit = `${formatDuration(cost.lostMs)} of work would be lost, ${formatDuration(max_lost_work)} is the most`;
  return { reason: 'cost', text: `${cost.text}; ${limit}` };
}

export function budgetHold(
  { identity }: Candidate,
  { memory, settings, nowMs }: PlanInput,
): Hold | undefined {
  const { recovery } = settings;
  const own = memoryOf(memory, identity);
  if (!isExhausted(own, recovery, nowMs)) return undefined;
  const recent = within(own.restartsAtMs, recovery.container_window, nowMs);
  const window = formatDuration(recovery.container_window);
  return {
    reason: 'container_budget',
    text: own.failed
      ? `${describeFailed(own.failed)}; ${times(recent.length)} in ${window} are all that it may be tried`
      : `it was restarted ${times(recent.length)} in ${window} and is stuck again: restarts do not cure it`,
    untilMs: (recent.at(-1) ?? nowMs) + recovery.container_window,
  };
}

export function elsewhereHold(
  { container }: Candidate,
  { changes, settings, nowMs }: PlanInput,
): Hold | undefined {
  const change = container && changes.around(container);
  const { hands_off } = settings.recovery;
  if (!change || nowMs - change.atMs >= hands_off) return undefined;
  const ago = formatDuration(Math.max(0, nowMs - change.atMs));
  return {
    reason: 'changed_elsewhere',
    text: `${change.what} ${ago} ago: somebody is at work on it`,
    untilMs: change.atMs + hands_off,
  };
}

export function graceHold({ container, why }: Candidate, { settings, nowMs }: PlanInput): Hold | undefined {
  const { start_grace } = settings.recovery;
  const startedAtMs = container?.startedAtMs;
  if (why === 'left_down' || startedAtMs === undefined || nowMs - startedAtMs >= start_grace)
    return undefined;
  const text = `it was started ${formatDuration(Math.max(0, nowMs - startedAtMs))} ago`;
  return { reason: 'start_grace', text, untilMs: startedAtMs + start_grace };
}

export function backoffHold(
  { identity }: Candidate,
  { memory, settings, nowMs }: PlanInput,
): Hold | undefined {
  const own = memoryOf(memory, identity);
  const lastMs = lastAttemptMs(own, nowMs);
  const waitMs = backoffMs(own, settings.recovery);
  if (lastMs === undefined || nowMs - lastMs >= waitMs) return undefined;
  const past = own.failed
    ? describeFailed(own.failed)
    : `it was restarted ${times(own.streak)}${own.streak === 1 ? '' : ' in a row'}`;
  const text = `${past}; the next may come ${formatDuration(waitMs)} after the end of the last`;
  return { reason: 'backoff', text, untilMs: lastMs + waitMs };
}

/** `restart failed 3 times: the engine answered HTTP 500: …` */
export function describeFailed({ count, text }: FailedAttempts): string {
  return `restart failed ${times(count)}: ${text}`;
}

export function dryRunDoneHold(
  { finding }: Candidate,
  { memory, settings, nowMs }: PlanInput,
): Hold | undefined {
  const toldAtMs = finding && memory.dryRuns.get(finding.id);
  if (!settings.recovery.dry_run || toldAtMs === undefined) return undefined;
  const ago = formatDuration(Math.max(0, nowMs - toldAtMs));
  return { reason: 'dry_run_done', text: `it would have been restarted ${ago} ago; this is a dry run` };
}
