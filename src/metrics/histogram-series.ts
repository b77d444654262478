/** Writes a histogram as its `_bucket`, `_sum` and `_count` series. */

import type { Histogram } from '../lib/histogram.js';
import { renderLabels } from './exposition.js';
import type { WriteSeries } from './family.js';

/** `extra` is rendered labels that every series of the histogram carries beside the entity's own. */
export function writeHistogram({ bounds, counts, sum }: Histogram, series: WriteSeries, extra = ''): void {
  const withBound = (le: string): string => [extra, renderLabels({ le })].filter(Boolean).join(',');
  let cumulative = 0;
  bounds.forEach((bound, index) => {
    cumulative += counts[index] ?? 0;
    series(cumulative, withBound(boundLabel(bound)), '_bucket');
  });
  cumulative += counts[bounds.length] ?? 0;
  series(cumulative, withBound('+Inf'), '_bucket');
  series(sum, extra, '_sum');
  series(cumulative, extra, '_count');
}

/** Prometheus 3 writes whole bounds as 1.0; the same form here keeps the series the same on every version. */
function boundLabel(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
