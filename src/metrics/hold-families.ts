/** Families of what workers hold of the broker's messages. */

import type { BrokerHold } from '../fleet/hold-model.js';
import type { Container, Fleet } from '../fleet/model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

interface WorkerHold {
  readonly container: Container;
  readonly hold: BrokerHold;
}

export const holdFamilies: FamilyGroup<WorkerHold> = {
  source: 'rabbitmq',
  entities: workerHolds,
  labelsOf: ({ container: { name, stage } }) => renderLabels({ container: name, stage }),
  families: [
    {
      name: 'pipeline_worker_messages_unacked',
      type: 'gauge',
      help: 'Messages that the broker has delivered to a worker and that it has not acknowledged, by queue; without the label queue those of channels that consume several queues.',
      labels: ['container', 'stage', 'queue'],
      write({ hold }, series) {
        for (const { queue, count } of hold.unacked) series(count, renderLabels({ queue }));
      },
    },
    {
      name: 'pipeline_worker_acks_total',
      type: 'counter',
      help: "Messages of work queues that a worker has acknowledged since the daemon's start.",
      labels: ['container', 'stage'],
      write({ hold }, series) {
        series(hold.acks);
      },
    },
  ],
};

function* workerHolds({ containers, holds }: Fleet): Iterable<WorkerHold> {
  for (const [identity, hold] of holds) {
    const container = containers.get(identity);
    if (container?.role === 'worker') yield { container, hold };
  }
}
