/** JobOrphaned: a container died with a job in hand, and for `orphaned_after` no sentinel came and nobody took the job. */

import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { LostJob } from './lost-jobs.js';
import type { Detector, Scene } from './scene.js';

export const jobOrphaned: Detector = {
  kind: 'JobOrphaned',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: 0 }),
  detect(scene) {
    const { histories, settings, nowMs, isWatched, isFresh } = scene;
    // Whether a sentinel came or somebody took it up cannot be seen meanwhile.
    const isBlind = (['progress', 'sentinels'] as const).some(
      (source) => isWatched(source) && !isFresh(source),
    );
    if (isBlind) return { found: [], unsure: 'all' };
    const found: Detection[] = [];
    for (const [key, lost] of histories.lostJobs.jobs) {
      if (nowMs - lost.lostAtMs >= settings.detection.orphaned_after) found.push(describe(key, lost, scene));
    }
    return { found, unsure: [] };
  },
};

function describe(
  key: string,
  { worker, container, stage, gpu, document, job, lostAtMs, how }: LostJob,
  { nowMs }: Scene,
): Detection {
  const { done, total, unit = 'step' } = job;
  const place = done === undefined ? '' : `, at ${unit} ${done}${total === undefined ? '' : ` of ${total}`}`;
  return {
    kind: 'JobOrphaned',
    key,
    subject: {
      container,
      identity: worker,
      ...(stage !== undefined && { stage }),
      ...(gpu !== undefined && { gpu }),
      ...(document !== undefined && { document }),
    },
    summary: `${document ?? 'a job'} was in hand when its container died, and nobody has it since`,
    evidence: [
      `${container}: ${how}, ${formatDuration(nowMs - lostAtMs)} ago`,
      `the job ran for ${formatDuration(Math.max(0, lostAtMs - job.startedAtMs))}${place}`,
      'no sentinel came, and no other worker has taken it up: who waits for it waits in vain',
    ],
    clearsWhen: 'A sentinel of it comes, or a worker takes it up.',
    beganAtMs: lostAtMs,
  };
}
