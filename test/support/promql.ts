/** What a PromQL expression reads: its metrics, and every label it names. */

import { parser } from '@prometheus-io/lezer-promql';

export interface PromqlReading {
  readonly metrics: readonly string[];
  /** Labels of matchers, with the metric they are asked of. */
  readonly matchedLabels: readonly (readonly [metric: string, label: string])[];
  /** Labels in `by`, `without`, `on`, `ignoring` and `group_left`. */
  readonly groupedLabels: readonly string[];
}

/** Throws where the expression does not parse. */
export function readPromql(expr: string): PromqlReading {
  const metrics: string[] = [];
  const matchedLabels: [string, string][] = [];
  const groupedLabels: string[] = [];
  let metric = '';
  parser.parse(expr).iterate({
    enter({ type, name, from, to, node }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${expr}`);
      const text = expr.slice(from, to);
      if (name === 'VectorSelector') {
        const identifier = node.getChild('Identifier');
        metric = identifier ? expr.slice(identifier.from, identifier.to) : '';
        if (metric !== '') metrics.push(metric);
      }
      if (name !== 'LabelName') return;
      if (node.parent?.name === 'GroupingLabels') groupedLabels.push(text);
      else matchedLabels.push([metric, text]);
    },
  });
  return { metrics, matchedLabels, groupedLabels };
}
