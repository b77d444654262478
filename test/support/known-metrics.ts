/** Every metric there is with its labels: the daemon's families, its own health, what recording rules and Prometheus add. */

import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { createSelfMetrics } from '../../src/metrics/self-metrics.js';
import { readPromql } from './promql.js';
import { RECORDING_RULES } from './rule-files.js';
import { parseSeries } from './series.js';

/** Labels that Prometheus gives to every series of a target. */
const TARGET_LABELS: readonly string[] = ['job', 'instance'];

/** Metric, as a query names it, to the labels it can have. */
export async function knownMetrics(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const known = new Map<string, ReadonlySet<string>>();
  const add = (name: string, labels: readonly string[]): void => {
    known.set(name, new Set([...TARGET_LABELS, ...labels]));
  };
  add('up', []);
  for (const { name, type, labels } of ALL_FAMILY_GROUPS.flatMap(({ families }) => [...families])) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes) add(name + suffix, labels);
  }
  const self = createSelfMetrics('0.0.0');
  self.configReloaded(true);
  const page = parseSeries(await self.render());
  for (const name of page.names) {
    add(name, [...new Set(page.all(name).flatMap(({ labels }) => Object.keys(labels)))]);
  }
  for (const { record, expr } of RECORDING_RULES) {
    const [metric = ''] = readPromql(expr).metrics;
    add(record, [...(known.get(metric) ?? [])]);
  }
  return known;
}
