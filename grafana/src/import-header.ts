/** What Grafana's import of a file reads before the dashboard itself: what it has to ask for, and what it must have. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

/** The oldest whose panels are all there; each later one migrates the file by itself. */
const OLDEST_GRAFANA = '9.0.0';

export interface ImportHeader {
  /** Nothing is asked for: the variable `datasource` chooses, in provisioned and in imported dashboards alike. */
  readonly __inputs: readonly [];
  readonly __elements: Readonly<Record<string, never>>;
  readonly __requires: readonly ImportRequirement[];
}

export interface ImportRequirement {
  readonly type: 'grafana' | 'datasource' | 'panel';
  readonly id: string;
  readonly name: string;
  /** Empty: that of Grafana. */
  readonly version: string;
}

export function importHeader({ panels = [] }: Dashboard): ImportHeader {
  const types = new Set(panels.map((panel) => panel.type).filter((type) => type !== 'row'));
  return {
    __inputs: [],
    __elements: {},
    __requires: [
      { type: 'grafana', id: 'grafana', name: 'Grafana', version: OLDEST_GRAFANA },
      { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
      ...[...types]
        .toSorted()
        .map((type): ImportRequirement => ({ type: 'panel', id: type, name: type, version: '' })),
    ],
  };
}
