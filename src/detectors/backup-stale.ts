/** BackupStale: the container that copies results away has shown no sign of work for `backup_stale_after`, or has failed. */

import type { Container, Fleet } from '../fleet/model.js';
import { formatDuration } from '../lib/duration.js';
import { matchesAnyGlob } from '../lib/glob.js';
import { describeLastEnd, detectContainers } from './container-findings.js';
import type { Detector } from './scene.js';
import type { DetectionSettings } from './settings.js';

const OPEN_AFTER_MS = 60_000;
const CLEAR_AFTER_MS = 10_000;

export const backupStale: Detector = {
  kind: 'BackupStale',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectContainers(scene, {
      kind: 'BackupStale',
      among: ({ containers }) => containers.noWorkers,
      describe: (container, { settings, fleet, nowMs }) => {
        const { backup_stale_after } = settings.detection;
        const { state, lastEnd } = container;
        if (container.role !== 'infrastructure' || !isBackup(container, settings)) return undefined;
        const hasFailed = state !== 'running' && lastEnd !== undefined && lastEnd.reason !== 'ok';
        const workedAtMs = lastSignOfWork(container, fleet);
        if (!hasFailed && (workedAtMs === undefined || nowMs - workedAtMs < backup_stale_after))
          return undefined;
        const beganAtMs = hasFailed ? lastEnd.atMs : (workedAtMs ?? nowMs);
        const ago = formatDuration(nowMs - beganAtMs);
        return {
          summary: hasFailed
            ? `backup does not run: it ${describeLastEnd(container)}`
            : `no sign of work for ${ago}`,
          evidence: [
            hasFailed
              ? `container is ${state} for ${ago}`
              : `neither started, nor ended well, nor used CPU for ${ago}; limit ${formatDuration(backup_stale_after)}`,
          ],
          clearsWhen: 'It works again: starts, uses CPU time or ends with exit code 0.',
          beganAtMs,
        };
      },
    }),
};

function lastSignOfWork({ identity, startedAtMs, lastEnd }: Container, { cpu }: Fleet): number | undefined {
  const signs = [
    startedAtMs,
    lastEnd?.reason === 'ok' ? lastEnd.atMs : undefined,
    cpu.get(identity)?.lastBusyAtMs,
  ];
  const known = signs.filter((atMs) => atMs !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** It may end when it is done: that it does not run is no fault. */
export function isBackup({ name, service }: Container, { detection }: DetectionSettings): boolean {
  return (
    matchesAnyGlob(detection.backup, name) ||
    (service !== undefined && matchesAnyGlob(detection.backup, service))
  );
}
