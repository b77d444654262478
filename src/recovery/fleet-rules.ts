/** What holds back every restart at once (no memory, a source that is away), or those that share one cause behind many. */

import type { Finding } from '../detectors/finding.js';
import { createFreshness } from '../detectors/freshness.js';
import { SOURCE_NAMES } from '../fleet/model.js';
import type { Candidate, Hold } from './decision.js';
import type { PlanInput } from './plan-input.js';
import { judgeProbe } from './probe.js';

export function memoryHold(
  _candidate: Candidate,
  { canRemember }: Pick<PlanInput, 'canRemember'>,
): Hold | undefined {
  if (canRemember) return undefined;
  const text = 'data_dir cannot be written, so a restart could not be remembered and might be done twice';
  return { reason: 'cannot_remember', text };
}

/**
 * Every source that is watched must have been read well at the last try, also those that a verdict does not rest on: a
 * source that is away is as a rule a sign of something larger, and has just gone when it begins to fail.
 */
export function staleHold(_candidate: Candidate, { fleet, settings, nowMs }: PlanInput): Hold | undefined {
  const freshness = createFreshness(fleet, { nowMs, staleAfterMs: settings.detection.stale_after });
  for (const source of SOURCE_NAMES) {
    const health = fleet.sources.get(source);
    if (!health || (freshness.isFresh(source) && health.isUp !== false)) continue;
    const problem = freshness.staleProblem(source) ?? health.problem ?? 'its last read failed';
    return { reason: 'source_stale', text: `${source} is stale (${problem}): nobody is restarted` };
  }
  return undefined;
}

/** A cause holds back those that share it: the stage, the GPU; of the broker, the host and the infrastructure all do. */
export function causeHold(candidate: Candidate, input: PlanInput): Hold | undefined {
  for (const finding of input.verdicts.findings.values()) {
    const { kind, summary } = finding;
    if (kind === 'CommonCause' && isShared(finding, candidate)) {
      const probing = judgeProbe(finding, candidate, input);
      if (probing.kind === 'held') return probing.hold;
    }
    if (kind === 'InfrastructureDown') {
      return { reason: 'infrastructure_down', text: `what the workers depend on is down: ${summary}` };
    }
  }
  return undefined;
}

/** It shares a common cause, and is the first that is restarted in spite of it. */
export function isProbe(candidate: Candidate, input: PlanInput): boolean {
  return [...input.verdicts.findings.values()].some(
    (finding) =>
      finding.kind === 'CommonCause' &&
      isShared(finding, candidate) &&
      judgeProbe(finding, candidate, input).kind === 'probe',
  );
}

function isShared({ id, subject }: Finding, { finding, stage, container }: Candidate): boolean {
  if (finding?.consequenceOf === id) return true;
  const gpu = finding?.subject.gpu ?? container?.gpu;
  if (subject.gpu !== undefined) return gpu === undefined || gpu === subject.gpu;
  return subject.stage === undefined || stage === undefined || stage === subject.stage;
}
