/** Says what a restart of a worker throws away: how far its job was, and that it will be delivered again. */

import type { Job } from '../fleet/progress-model.js';
import { formatDuration } from '../lib/duration.js';
import type { Cost } from './decision.js';

export function costOf(job: Job, nowMs: number): Cost {
  const { document, done, total, unit = 'step', startedAtMs, lastProgressAtMs } = job;
  const runningMs = Math.max(0, nowMs - startedAtMs);
  const lostMs = Math.max(0, lastProgressAtMs - startedAtMs);
  const share =
    done !== undefined && total !== undefined && total > 0
      ? Math.min(1, Math.max(0, done / total))
      : undefined;
  const place =
    share === undefined ? '' : `, ${Math.round(share * 100)} % done (${unit} ${done} of ${total})`;
  const what = document === undefined ? 'its job' : `its job on ${document}`;
  return {
    runningMs,
    lostMs,
    text: `${what}, ${formatDuration(runningMs)} in${place}, will be delivered again and begun anew`,
    ...(document !== undefined && { document }),
    ...(share !== undefined && { share }),
  };
}
