/** Families of the queues: depth, consumers, counts, and how old and how agreed the depths are. */

import type { CounterFact, DepthFact, Queue } from '../fleet/queue-model.js';
import { renderLabels } from './exposition.js';
import type { Family, FamilyGroup } from './family.js';

const LABELS = ['queue', 'vhost', 'stage'];

function depth(name: string, fact: DepthFact, help: string): Family<Queue> {
  return {
    name,
    type: 'gauge',
    help,
    labels: LABELS,
    write(queue, series) {
      const figure = queue[fact];
      if (figure !== undefined) series(figure.value);
    },
  };
}

function counter(name: string, fact: CounterFact, help: string): Family<Queue> {
  return {
    name,
    type: 'counter',
    help,
    labels: LABELS,
    write(queue, series) {
      const figure = queue[fact];
      if (figure !== undefined) series(figure.value);
    },
  };
}

export const queueFamilies: FamilyGroup<Queue> = {
  source: 'rabbitmq',
  entities: ({ queues }) => queues.values(),
  labelsOf: ({ name, vhost, stage }) => renderLabels({ queue: name, vhost, stage }),
  families: [
    depth(
      'pipeline_queue_messages_ready',
      'ready',
      'Messages of a queue that wait for a consumer; absent where the broker has no such queue.',
    ),
    depth(
      'pipeline_queue_messages_unacked',
      'unacked',
      'Messages of a queue that are delivered and not yet acknowledged: jobs being worked on.',
    ),
    depth('pipeline_queue_consumers', 'consumers', 'Consumers of a queue.'),
    counter(
      'pipeline_queue_published_total',
      'published',
      'Messages published to a queue, as the broker counts; goes on over restarts of the broker.',
    ),
    counter(
      'pipeline_queue_acked_total',
      'acked',
      'Messages of a queue that were acknowledged, as the broker counts; goes on over restarts of the broker.',
    ),
    counter(
      'pipeline_queue_redelivered_total',
      'redelivered',
      'Messages of a queue that were delivered again, as the broker counts; goes on over restarts of the broker.',
    ),
    {
      name: 'pipeline_queue_missing',
      type: 'gauge',
      help: 'Whether the broker lacks the queue of a stage (1) or has it (0); only for queues of stages.',
      labels: LABELS,
      write({ stage, status }, series) {
        if (stage !== undefined) series(status === 'missing' ? 1 : 0);
      },
    },
    {
      name: 'pipeline_queue_data_timestamp_seconds',
      type: 'gauge',
      help: 'When the oldest of the depths shown of a queue was true, in Unix seconds.',
      labels: LABELS,
      write({ dataAtMs }, series) {
        series(dataAtMs / 1000);
      },
    },
    {
      name: 'pipeline_queue_disagreeing_facts',
      type: 'gauge',
      help: 'How many depths of a queue are told differently by two ways into the broker for longer than their age explains.',
      labels: LABELS,
      write({ disagreements }, series) {
        series(disagreements.length);
      },
    },
  ],
};
