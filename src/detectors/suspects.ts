/** Lists the containers of which more should be known before they are judged, the longest silent first. */

import type { Fleet } from '../fleet/model.js';
import type { Verdicts } from './verdicts.js';

/** Two readings of the CPU time, some seconds apart, must lie between this and the shortest limit. */
const SILENT_MS = 20_000;

/** Ids of containers. */
export function listSuspects({ workers }: Verdicts, fleet: Fleet): readonly string[] {
  const suspects: { readonly id: string; readonly silentMs: number }[] = [];
  for (const [key, { silentMs }] of workers) {
    const id = fleet.containers.get(key)?.id;
    if (silentMs !== undefined && silentMs > SILENT_MS && id !== undefined) suspects.push({ id, silentMs });
  }
  return suspects.toSorted((one, other) => other.silentMs - one.silentMs).map(({ id }) => id);
}
