/** Pieces of PromQL that all dashboards share, and how a query becomes a target of a panel. */

import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Selects the daemons that the variables of the dashboard name. */
const DAEMONS = 'job=~"$job",instance=~"$instance"';

/** `of('up', 'a="b"')`: a metric of the chosen daemons, with more matchers. */
export function of(metric: string, matchers = ''): string {
  return `${metric}{${DAEMONS}${matchers === '' ? '' : `,${matchers}`}}`;
}

/** A counter's increase over a range, as in `1h` or `$__range`. */
export function increase(metric: string, range: string, matchers = ''): string {
  return `increase(${of(metric, matchers)}[${range}])`;
}

/** A counter's rate, at the resolution of the panel. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${of(metric, matchers)}[$__rate_interval])`;
}

/** A duration in whole seconds: nobody reads milliseconds beside minutes. */
export function wholeSeconds(expression: string): string {
  return `floor(${expression})`;
}

/** Only the ten series that reached highest in the range shown: one set for the whole of it, not one a moment. */
export function topTen(expression: string, labels: string, height: string): string {
  return `${expression}\nand on (${labels}) topk(10, ${height})`;
}

export interface Query {
  readonly expr: string;
  readonly legend?: string;
  /** Smallest step, where a finer one would show noise. */
  readonly minStep?: string;
}

/** A line over time for each series. */
export function overTime({ expr, legend = '__auto', minStep }: Query): DataqueryBuilder {
  const target = new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).range();
  return minStep === undefined ? target : target.interval(minStep);
}

/** One value for each series, at the end of the range shown. */
export function now({ expr, legend = '__auto' }: Query): DataqueryBuilder {
  return new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).instant();
}

/** A row for each series, at the end of the range shown. */
export function rows(expr: string): DataqueryBuilder {
  return now({ expr }).format(PromQueryFormat.Table);
}

/** A cell for each bucket and step. */
export function buckets({ expr, minStep = '5m' }: Query): DataqueryBuilder {
  return overTime({ expr, legend: '{{le}}', minStep }).format(PromQueryFormat.Heatmap);
}
