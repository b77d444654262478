/** `npm run dashboards`: writes the dashboards that Grafana reads. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { renderDashboards } from './all-dashboards.js';

mkdirSync('grafana/dashboards', { recursive: true });
for (const [path, content] of Object.entries(renderDashboards())) {
  writeFileSync(path, content);
  console.log(`wrote ${path}`);
}
