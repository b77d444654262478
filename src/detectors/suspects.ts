/** Lists the containers of which more should be known before they are judged, the longest silent first. */

import type { CpuActivity } from '../fleet/cpu-model.js';
import type { Suspect } from '../fleet/io-model.js';
import type { Fleet } from '../fleet/model.js';
import type { Verdicts } from './verdicts.js';

/** Two readings of the CPU time, some seconds apart, must lie between this and the shortest limit. */
const SILENT_MS = 20_000;

/** One that has used no CPU for as long is quiet. */
const QUIET_MS = 10_000;

export function listSuspects({ workers }: Verdicts, fleet: Fleet): readonly Suspect[] {
  const suspects: (Suspect & { readonly silentMs: number })[] = [];
  for (const [key, { silentMs }] of workers) {
    const id = fleet.containers.get(key)?.id;
    if (silentMs !== undefined && silentMs > SILENT_MS && id !== undefined) {
      suspects.push({ id, silentMs, isQuiet: isQuiet(fleet.cpu.get(key)) });
    }
  }
  return suspects.toSorted((one, other) => other.silentMs - one.silentMs);
}

function isQuiet(used: CpuActivity | undefined): boolean {
  return used !== undefined && used.atMs - Math.max(used.firstAtMs, used.lastBusyAtMs ?? 0) >= QUIET_MS;
}

/**
 * Ids of containers of workers without a job whose queue shows that some consumer may be gone: fewer consumers than workers,
 * messages that wait, or more of them held than workers are at work. The longest without a job first.
 */
export function listUnserved({ workers, stageWorkers }: Verdicts, fleet: Fleet): readonly string[] {
  const stages = new Set<string>();
  for (const { stage, ready, unacked, consumers } of fleet.queues.values()) {
    const counts = stage === undefined ? undefined : stageWorkers.get(stage)?.counts;
    if (stage === undefined || !counts) continue;
    const busy = counts.active + counts.slow + counts.stuck;
    const idle = counts.idle + counts.starved;
    const isAnyWaiting = (ready?.value ?? 0) > 0 || (unacked?.value ?? 0) > busy;
    if (idle > 0 && (isAnyWaiting || (consumers !== undefined && consumers.value < busy + idle)))
      stages.add(stage);
  }
  if (stages.size === 0) return [];
  return [...workers]
    .filter(([, { status, standing }]) => {
      const isIdle = status === 'idle' || status === 'starved';
      return isIdle && standing.stage !== undefined && stages.has(standing.stage);
    })
    .toSorted(([, one], [, other]) => one.sinceMs - other.sinceMs)
    .flatMap(([key]) => fleet.containers.get(key)?.id ?? []);
}
