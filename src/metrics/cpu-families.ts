/** Family of the CPU time of containers. */

import type { CpuActivity } from '../fleet/cpu-model.js';
import type { Container, Fleet } from '../fleet/model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';
import { shownContainers } from './shown-containers.js';

interface CpuUse {
  readonly container: Container;
  readonly activity: CpuActivity;
}

export const cpuFamilies: FamilyGroup<CpuUse> = {
  source: 'docker',
  entities: cpuUses,
  labelsOf: ({ container: { name, role, stage } }) => renderLabels({ container: name, role, stage }),
  families: [
    {
      name: 'pipeline_container_cpu_seconds_total',
      type: 'counter',
      help: 'CPU time of all processes of a container since its start, in seconds; absent until it was read.',
      labels: ['container', 'role', 'stage'],
      write({ activity }, series) {
        series(activity.usedSeconds);
      },
    },
  ],
};

function* cpuUses(fleet: Fleet): Iterable<CpuUse> {
  for (const container of shownContainers(fleet)) {
    const activity = fleet.cpu.get(container.identity);
    if (activity) yield { container, activity };
  }
}
