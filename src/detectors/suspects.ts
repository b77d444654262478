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
