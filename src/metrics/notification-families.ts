/** Families of notifications: how often each channel was asked to deliver, and what came of it. */

import type { NotificationStats } from './daemon-facts.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

export const notificationFamilies: FamilyGroup<NotificationStats> = {
  entities: (_fleet, { notifications }) => [notifications],
  labelsOf: () => '',
  families: [
    {
      name: 'stagewatch_notifications_total',
      type: 'counter',
      help: 'Attempts to deliver a notification since the daemon started, by channel and result: one that failed is tried again. An Alertmanager is told of everything that is open again and again.',
      labels: ['channel', 'result'],
      write(notifications, series) {
        for (const [channel, { sent, failed }] of Object.entries(notifications)) {
          series(sent, renderLabels({ channel, result: 'sent' }));
          series(failed, renderLabels({ channel, result: 'failed' }));
        }
      },
    },
  ],
};
