/** Counts series that are left out of /metrics because others have the same name and labels, and says when that changes. */

import type { Logger } from '../lib/logger.js';
import type { LeftOut } from '../metrics/page.js';

export function createLeftOutWatch(
  { seriesLeftOut }: { seriesLeftOut(count: number): void },
  log: Logger,
): (leftOut: LeftOut) => void {
  let last = 0;
  return ({ series, labels }) => {
    seriesLeftOut(series);
    if (series === last) return;
    last = series;
    if (series > 0)
      log.warn({ series, labels }, 'series are left out of /metrics: others have the same labels');
    else log.info('no series is left out of /metrics any more');
  };
}
