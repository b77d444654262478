/** The list of dashboards, and how each becomes the file that Grafana reads. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { afterTheRun } from './after-the-run.js';
import { gpusDashboard } from './gpus.js';
import { importHeader } from './import-header.js';
import { runNow } from './run-now.js';
import { selfDashboard } from './self.js';
import { stageDashboard } from './stage.js';

const ALL_DASHBOARDS: Readonly<Record<string, () => Dashboard>> = {
  'run-now': runNow,
  stage: stageDashboard,
  gpus: gpusDashboard,
  'after-the-run': afterTheRun,
  stagewatch: selfDashboard,
};

/** Path in the repository to content. */
export function renderDashboards(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(ALL_DASHBOARDS).map(([name, build]) => {
      const dashboard = build();
      const file = { ...importHeader(dashboard), ...dashboard };
      return [`grafana/dashboards/${name}.json`, `${JSON.stringify(file, null, 2)}\n`];
    }),
  );
}
