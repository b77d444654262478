/**
 * Decides whether one worker of a stage that hangs as a whole is restarted as a probe, and whether the others follow it.
 *
 * A hang of a whole stage may come from something that no restart cures, such as a disk or a service. One restart shows
 * which it is: where the restarted worker finishes a job, restarts cure it; where it does not, the others are left alone.
 */

import type { Finding } from '../detectors/finding.js';
import { formatDuration } from '../lib/duration.js';
import type { Candidate, Hold } from './decision.js';
import { memoryOf } from './memory.js';
import type { PlanInput } from './plan-input.js';

export type Probing =
  /** This worker may be the probe. */
  | { readonly kind: 'probe' }
  /** Every restarted worker of the stage that is decided has finished a job since. */
  | { readonly kind: 'proven' }
  | { readonly kind: 'held'; readonly hold: Hold };

/** A restart of a worker of the stage since the common cause began, or in a dry run the report of one. */
interface Attempt {
  readonly identity: string;
  readonly name: string;
  readonly atMs: number;
}

export function judgeProbe(cause: Finding, candidate: Candidate, input: PlanInput): Probing {
  const { stage } = cause.subject;
  const unfit = stage === undefined ? '' : whyUnfit(cause, candidate, input);
  if (stage === undefined || unfit !== undefined) return held(cause, unfit ?? '');
  const attempts = attemptsOf(stage, cause.beganAtMs, input);
  // A restart that did not help outweighs those that did: the others would be restarted in vain.
  const failed = attempts.find((one) => hasFailed(one, input));
  if (failed) {
    const ago = formatDuration(Math.max(0, input.nowMs - failed.atMs));
    return held(cause, `: ${failed.name} was restarted ${ago} ago, and that did not cure it`);
  }
  if (attempts.some((one) => hasWorked(one, input))) return { kind: 'proven' };
  const other = attempts.find(({ identity }) => identity !== candidate.identity);
  if (!other) return waitForPatience(cause, input) ?? { kind: 'probe' };
  const what = input.settings.recovery.dry_run ? 'would be' : 'was';
  const text = `${other.name} ${what} restarted first, as a probe; when it has finished a job, the others of ${stage} follow`;
  return { kind: 'held', hold: { reason: 'probe_under_way', text } };
}

function held({ summary }: Finding, more: string): Probing {
  const text = `there is one cause behind many faults, restarts cure nothing: ${summary}${more}`;
  return { kind: 'held', hold: { reason: 'common_cause', text } };
}

/** What many wait for at the same time often comes back by itself. */
function waitForPatience(
  { beganAtMs, summary }: Finding,
  { settings, nowMs }: PlanInput,
): Probing | undefined {
  const untilMs = beganAtMs + settings.detection.stall_after;
  if (nowMs >= untilMs) return undefined;
  const patience = formatDuration(settings.detection.stall_after);
  const text = `${summary}: when that has lasted ${patience}, one of them is restarted as a probe`;
  return { kind: 'held', hold: { reason: 'common_cause', text, untilMs } };
}

/** Why the cause is none that a restart could cure, to be appended to its summary; undefined: it may be one. */
function whyUnfit(cause: Finding, { identity, container }: Candidate, input: PlanInput): string | undefined {
  const { fleet, verdicts, settings } = input;
  if (!settings.recovery.probe_common_cause) return '';
  const findings = [...verdicts.findings.values()];
  const wider = findings.find(
    ({ kind, id }) =>
      kind === 'GpuError' || kind === 'PipelineStandstill' || (kind === 'CommonCause' && id !== cause.id),
  );
  if (wider) return `; ${wider.kind} is open as well`;
  const isQueueMissing = [...fleet.queues.values()].some(
    ({ status, stage }) => status === 'missing' && stage === cause.subject.stage,
  );
  if (isQueueMissing) return '; its queue is not on the broker';
  const gpu = fleet.workers.get(identity)?.gpu ?? container?.gpu;
  if (gpu !== undefined && !fleet.sources.has('dcgm')) {
    return `; whether GPU ${gpu} is at fault is not known, because no exporter is watched`;
  }
  return undefined;
}

function attemptsOf(stage: string, sinceMs: number, input: PlanInput): readonly Attempt[] {
  const { fleet, memory, verdicts } = input;
  const restarted = [...memory.containers].map(
    ([identity, { restartsAtMs }]) => [identity, restartsAtMs.at(-1) ?? 0] as const,
  );
  const reported = [...memory.dryRuns].flatMap(([id, atMs]) => {
    const identity = verdicts.findings.get(id)?.subject.identity;
    return input.settings.recovery.dry_run && identity !== undefined ? [[identity, atMs] as const] : [];
  });
  return [...restarted, ...reported].flatMap(([identity, atMs]) => {
    const container = fleet.containers.get(identity);
    const isOfStage = (fleet.workers.get(identity)?.stage ?? container?.stage) === stage;
    return isOfStage && atMs >= sinceMs ? { identity, atMs, name: container?.name ?? identity } : [];
  });
}

/** It could not be restarted, or it was and is stuck again or down; a dry run changes nothing of it. */
function hasFailed({ identity }: Attempt, { memory, verdicts, settings }: PlanInput): boolean {
  if (memory.inFlight.has(identity) || settings.recovery.dry_run) return false;
  const status = verdicts.workers.get(identity)?.status;
  return memoryOf(memory, identity).failed !== undefined || status === 'stuck' || status === 'down';
}

/** Taking up a job proves nothing, as it may hang there again. */
function hasWorked({ name, atMs }: Attempt, { fleet }: PlanInput): boolean {
  return fleet.endedJobs
    .since(0)
    .some(
      ({ entry: { container, startedAtMs, outcome, end } }) =>
        container === name &&
        startedAtMs >= atMs &&
        (outcome === 'succeeded' || (outcome === 'unknown' && end === 'removed')),
    );
}
