/** InfrastructureDown: a container the pipeline depends on does not run, or is unhealthy, for `down_after`. */

import type { Container } from '../fleet/model.js';
import { formatDuration } from '../lib/duration.js';
import { isBackup } from './backup-stale.js';
import { describeLastEnd, detectContainers } from './container-findings.js';
import type { Detector } from './scene.js';

const CLEAR_AFTER_MS = 10_000;

export const infrastructureDown: Detector = {
  kind: 'InfrastructureDown',
  // A restart or an update is over before that; who stopped it does not matter to whoever needs it.
  steadiness: ({ detection }) => ({ openAfterMs: detection.down_after, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectContainers(scene, {
      kind: 'InfrastructureDown',
      among: ({ containers }) => containers.noWorkers,
      describe: (container, { nowMs, settings, containers }) => {
        const { role, state, health, title, name, lastEnd } = container;
        const isUnwell = state === 'running' && health === 'unhealthy';
        if (role !== 'infrastructure' || (state === 'running' && !isUnwell)) return undefined;
        if (isBackup(container, settings) || hasDoneItsPart(container, containers.noWorkers))
          return undefined;
        const beganAtMs = isUnwell ? nowMs : (lastEnd?.atMs ?? nowMs);
        const what = isUnwell ? 'its health check fails' : `its container is ${state}`;
        return {
          summary: `${title ?? name}: ${what}`,
          evidence: [
            ...(isUnwell ? [] : [`${name} ${describeLastEnd(container)}`]),
            ...(lastEnd && !isUnwell ? [`so for ${formatDuration(nowMs - lastEnd.atMs)}`] : []),
            `the pipeline depends on ${title ?? name}`,
          ],
          clearsWhen: 'Its container runs, and is healthy where it has a health check.',
          beganAtMs,
        };
      },
    }),
};

/** One that sets up or exports beside the one that serves, and ends well by itself: `rabbitmq-init`. */
function hasDoneItsPart({ title, lastEnd, state }: Container, others: readonly Container[]): boolean {
  if (state !== 'exited' || lastEnd?.reason !== 'ok' || lastEnd.isAskedFor) return false;
  return others.some((other) => other.title === title && other.state === 'running');
}
