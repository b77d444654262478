/** ProgressClockSkewed: a worker's clock is more than 5 s ahead of ours, so that its times cannot be taken as they are. */

import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector } from './scene.js';
import { workerSubject } from './worker-findings.js';

const OPEN_AFTER_MS = 10_000;
const CLEAR_AFTER_MS = 60_000;

export const progressClockSkewed: Detector = {
  kind: 'ProgressClockSkewed',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const found: Detection[] = [];
    const unsure: string[] = [];
    for (const [key, { status }] of scene.notable) if (status === 'unknown') unsure.push(key);
    for (const [key, { job }] of scene.fleet.workers) {
      if (job?.clockSkewMs === undefined) continue;
      const verdict = scene.workers.get(key);
      if (!verdict || verdict.status === 'unknown') continue;
      const ahead = formatDuration(job.clockSkewMs);
      found.push({
        kind: 'ProgressClockSkewed',
        key,
        subject: workerSubject(key, verdict, scene),
        summary: `its clock is ${ahead} ahead`,
        evidence: [
          `its progress was written ${ahead} in our future`,
          'its times are taken relative to each other, and verdicts do not suffer',
        ],
        clearsWhen: 'Its times are within 5 s of ours. Run a time service on its host.',
        beganAtMs: job.startedAtMs,
      });
    }
    return { found, unsure };
  },
};
