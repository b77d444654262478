/** Reads from the daemon what the picture is made of. */

import type { FleetJson, HistoryJson, RecoveryJson } from '../views/picture/api-shapes.js';
import { parseTime } from '../views/picture/format.js';
import type { Reading } from '../views/terminal/watch.js';
import type { DaemonApi } from './daemon-api.js';

/** Recovery and history may be missing; the fleet may not. */
export async function readPicture(api: DaemonApi): Promise<Reading> {
  const [fleet, recovery, history] = await Promise.all([
    api.get('/api/v1/fleet'),
    api.get('/api/v1/recovery'),
    api.get('/api/v1/history'),
  ]);
  if (fleet.kind === 'failed') return fleet;
  const atMs = fleet.kind === 'ok' && isFleet(fleet.data) ? parseTime(fleet.data.at) : null;
  if (fleet.kind === 'absent' || atMs === null) {
    return { kind: 'failed', problem: `what answers at ${api.url} has no fleet: it is not stagewatch` };
  }
  return {
    kind: 'read',
    atMs,
    parts: {
      fleet: fleet.data as FleetJson,
      recovery: recovery.kind === 'ok' ? (recovery.data as RecoveryJson) : null,
      history: history.kind === 'ok' ? (history.data as HistoryJson) : null,
    },
  };
}

function isFleet(data: unknown): data is FleetJson {
  return typeof data === 'object' && data !== null && 'at' in data && typeof data.at === 'string';
}
