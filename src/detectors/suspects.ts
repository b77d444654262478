/** Lists the containers of which more should be known before they are judged, the longest silent first. */

import type { CpuActivity } from '../fleet/cpu-model.js';
import type { Suspect } from '../fleet/io-model.js';
import type { Fleet } from '../fleet/model.js';
import type { Verdicts, WorkerStatus } from './verdicts.js';

/** Two readings, some seconds apart, must lie between this and the limit: of a shorter limit it is a third. */
const SILENT_MS = 20_000;
const SHARE_OF_LIMIT = 1 / 3;

const UNWELL: ReadonlySet<WorkerStatus> = new Set(['slow', 'stuck', 'starved', 'down']);

/** One that has used no CPU for as long is quiet. */
const QUIET_MS = 10_000;

export function listSuspects({ workers, limits }: Verdicts, fleet: Fleet): readonly Suspect[] {
  const suspects: (Suspect & { readonly silentMs: number })[] = [];
  for (const [key, { silentMs, standing }] of workers) {
    const id = fleet.containers.get(key)?.id;
    const { stallMs = Infinity } = limits.get(standing.stage ?? '') ?? {};
    const shareMs = stallMs * SHARE_OF_LIMIT;
    if (silentMs !== undefined && silentMs > Math.min(SILENT_MS, shareMs) && id !== undefined) {
      const isQuiet = quietMs(fleet.cpu.get(key)) >= Math.min(QUIET_MS, shareMs);
      suspects.push({ id, silentMs, isQuiet });
    }
  }
  return suspects.toSorted((one, other) => other.silentMs - one.silentMs);
}

/** For how long it has used no CPU, as of its last reading. */
function quietMs(used: CpuActivity | undefined): number {
  return used === undefined ? 0 : used.atMs - Math.max(used.firstAtMs, used.lastBusyAtMs ?? 0);
}

const MAX_PEERS = 2;
const MAX_ALL_PEERS = 8;

/** Ids of containers of workers that are at work and have just moved, two for each stage with a quiet suspect. */
export function listPeers(verdicts: Verdicts, fleet: Fleet): readonly string[] {
  const suspects = new Set(listSuspects(verdicts, fleet).flatMap(({ id, isQuiet }) => (isQuiet ? id : [])));
  if (suspects.size === 0) return [];
  const byStage = new Map<string, string[]>();
  const wanted = new Set<string>();
  for (const [key, { status, silentMs, standing }] of verdicts.workers) {
    const id = fleet.containers.get(key)?.id;
    if (id === undefined || standing.stage === undefined) continue;
    if (suspects.has(id)) wanted.add(standing.stage);
    if (status !== 'active' || silentMs === undefined || silentMs > SILENT_MS || suspects.has(id)) continue;
    const peers = byStage.get(standing.stage) ?? [];
    if (peers.length < MAX_PEERS) byStage.set(standing.stage, [...peers, id]);
  }
  return [...wanted].flatMap((stage) => byStage.get(stage) ?? []).slice(0, MAX_ALL_PEERS);
}

/**
 * Ids of containers of workers whose logs are searched for errors: those under watch, the silent first, then those that are
 * slow, starved or down; with `all` every other one after them.
 */
export function listLogged(verdicts: Verdicts, fleet: Fleet, all: boolean): readonly string[] {
  const ids = new Set(listSuspects(verdicts, fleet).map(({ id }) => id));
  const others: string[] = [];
  for (const [key, { status }] of verdicts.workers) {
    const id = fleet.containers.get(key)?.id;
    if (id === undefined) continue;
    if (UNWELL.has(status)) ids.add(id);
    else others.push(id);
  }
  for (const id of all ? others : []) ids.add(id);
  return [...ids];
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
