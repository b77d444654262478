/** OrchestratorStuck: no progress beyond its limit, and what it waits for can no longer come, or it stands still itself. */

import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';
import type { OrchestratorVerdict } from './verdicts.js';

const OPEN_AFTER_MS = 15_000;
const CLEAR_AFTER_MS = 30_000;

export const orchestratorStuck: Detector = {
  kind: 'OrchestratorStuck',
  // What it waits for may be on its way between two looks at different sources.
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const found: Detection[] = [];
    const unsure: string[] = [];
    for (const [key, verdict] of scene.orchestrators) {
      if (verdict.status === 'stuck') found.push(describe(key, verdict, scene));
      else if (verdict.status === 'unknown') unsure.push(key);
    }
    return { found, unsure };
  },
};

function describe(
  key: string,
  { standing, reason, evidence, sinceMs, stage }: OrchestratorVerdict,
  { fleet, nowMs }: Scene,
): Detection {
  const orchestrator = fleet.orchestrators.get(key);
  const document = orchestrator?.document;
  const beganAtMs = orchestrator?.job?.lastProgressAtMs ?? sinceMs;
  return {
    kind: 'OrchestratorStuck',
    key,
    subject: {
      container: standing.container,
      identity: key,
      ...(stage !== undefined && { stage }),
      ...(document !== undefined && { document }),
    },
    summary: `${formatDuration(nowMs - beganAtMs)} without progress: ${reason}`,
    evidence,
    clearsWhen: 'Its progress moves, or what it waits for can come again.',
    beganAtMs,
  };
}
