/**
 * ProgressClockSkewed: the times that a worker or orchestrator writes are more than 5 s ahead of ours, or more than 30 s
 * behind what its file and our readings show, so that they cannot be taken as they are.
 */

import type { Job } from '../fleet/progress-model.js';
import { isZoneOffset } from '../fleet/writer-clock.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection, FindingSubject } from './finding.js';
import type { Detector, Scene } from './scene.js';
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
      const verdict = scene.workers.get(key);
      if (job?.clockSkewMs === undefined || !verdict || verdict.status === 'unknown') continue;
      found.push(describe(key, workerSubject(key, verdict, scene), job, job.clockSkewMs));
    }
    return { found: [...found, ...orchestratorsOff(scene)], unsure };
  },
};

function orchestratorsOff({ fleet }: Scene): readonly Detection[] {
  return [...fleet.orchestrators].flatMap(([key, { job, container }]) =>
    job?.clockSkewMs === undefined ? [] : describe(key, { container, identity: key }, job, job.clockSkewMs),
  );
}

function describe(key: string, subject: FindingSubject, job: Job, skewMs: number): Detection {
  const off = formatDuration(Math.abs(skewMs));
  const isAhead = skewMs > 0;
  const isZone = isZoneOffset(skewMs);
  const what = isZone ? 'its times are' : 'its clock is';
  const how = isAhead ? `${off} ahead` : `${off} behind`;
  return {
    kind: 'ProgressClockSkewed',
    key,
    subject,
    summary: `${what} ${how}${isZone ? ', as local time without its zone is' : ''}`,
    evidence: [
      isAhead
        ? `its progress says that it was written ${off} in our future`
        : `its progress says that it was written ${off} before it was`,
      'it is judged by our clock and the time of its file; its own times are compared with each other only',
    ],
    clearsWhen: isZone
      ? 'Its times agree with ours: it writes Unix seconds, or ISO 8601 with a zone.'
      : 'Its times agree with ours. Run a time service on its host.',
    beganAtMs: job.startedAtMs,
  };
}
