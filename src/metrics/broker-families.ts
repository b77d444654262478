/** Families of the broker: its version, its alarms and the ways into it. */

import { BROKER_ALARMS, type Broker } from '../fleet/queue-model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

const ALARM_LABELS = BROKER_ALARMS.map((alarm) => [alarm, renderLabels({ alarm })] as const);

export const brokerFamilies: FamilyGroup<Broker> = {
  source: 'rabbitmq',
  entities: ({ broker }) => (broker === undefined ? [] : [broker]),
  labelsOf: () => '',
  families: [
    {
      name: 'pipeline_broker_info',
      type: 'gauge',
      help: 'Version of the RabbitMQ broker; always 1.',
      labels: ['version'],
      write({ version }, series) {
        if (version !== undefined) series(1, renderLabels({ version }));
      },
    },
    {
      name: 'pipeline_broker_alarm',
      type: 'gauge',
      help: 'Whether an alarm of the broker is on (1), which stops all publishers; absent without the management API.',
      labels: ['alarm'],
      write({ alarms }, series) {
        if (alarms === undefined) return;
        for (const [alarm, label] of ALARM_LABELS) series(alarms[alarm] ? 1 : 0, label);
      },
    },
    {
      name: 'pipeline_broker_way_up',
      type: 'gauge',
      help: 'Whether a configured way into the broker (amqp, metrics, management) answered the last read.',
      labels: ['via'],
      write({ ways }, series) {
        for (const { via, isUp } of ways) series(isUp ? 1 : 0, renderLabels({ via }));
      },
    },
  ],
};
