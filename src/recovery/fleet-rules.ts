/** What holds back every restart at once: no memory, no fresh facts, or one cause behind many. */

import { createFreshness } from '../detectors/freshness.js';
import { SOURCE_NAMES } from '../fleet/model.js';
import type { Hold } from './decision.js';
import type { PlanInput } from './plan-input.js';

type FleetRuleInput = Pick<PlanInput, 'fleet' | 'verdicts' | 'settings' | 'canRemember' | 'unsure' | 'nowMs'>;

export function fleetHold(input: FleetRuleInput): Hold | undefined {
  return memoryHold(input) ?? input.unsure ?? staleHold(input) ?? causeHold(input);
}

export function memoryHold({ canRemember }: Pick<FleetRuleInput, 'canRemember'>): Hold | undefined {
  if (canRemember) return undefined;
  const text = 'data_dir cannot be written, so a restart could not be remembered and might be done twice';
  return { reason: 'cannot_remember', text };
}

/**
 * Every source that is watched must have been read well at the last try, also those that a verdict does not rest on: a
 * source that is away is as a rule a sign of something larger, and has just gone when it begins to fail.
 */
function staleHold({ fleet, settings, nowMs }: FleetRuleInput): Hold | undefined {
  const freshness = createFreshness(fleet, { nowMs, staleAfterMs: settings.detection.stale_after });
  for (const source of SOURCE_NAMES) {
    const health = fleet.sources.get(source);
    if (!health || (freshness.isFresh(source) && health.isUp !== false)) continue;
    const problem = freshness.staleProblem(source) ?? health.problem ?? 'its last read failed';
    return { reason: 'source_stale', text: `${source} is stale (${problem}): nobody is restarted` };
  }
  return undefined;
}

function causeHold({ verdicts }: FleetRuleInput): Hold | undefined {
  for (const { kind, summary } of verdicts.findings.values()) {
    if (kind === 'CommonCause') {
      return {
        reason: 'common_cause',
        text: `there is one cause behind many faults, restarts cure nothing: ${summary}`,
      };
    }
    if (kind === 'InfrastructureDown') {
      return { reason: 'infrastructure_down', text: `what the workers depend on is down: ${summary}` };
    }
  }
  return undefined;
}
