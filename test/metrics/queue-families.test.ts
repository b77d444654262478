import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import type { WayReading } from '../../src/fleet/queue-observations.js';
import { brokerFamilies } from '../../src/metrics/broker-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { queueFamilies } from '../../src/metrics/queue-families.js';
import { stageInfoFamilies } from '../../src/metrics/stage-info-families.js';
import { renderFleetJson } from '../../src/views/fleet-json.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_DAEMON_FACTS, NO_VERDICTS } from '../support/no-verdicts.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

const AT_MS = 1_763_900_000_000;

function createStore(readings: readonly WayReading[]) {
  const store = createFleetStore(createClassifier(TEST_CLASSIFY));
  store.apply({
    kind: 'stages-configured',
    stages: [
      { id: 'G1', queue: 'jobs', name: 'Spine', branch: 'A', order: 1 },
      { id: 'G2', queue: 'gone', order: 2 },
      { id: 'G3', order: 3 },
    ],
  });
  store.apply({
    kind: 'broker-read',
    atMs: AT_MS,
    vhost: '/',
    readings,
    ways: readings.map(({ via }) => ({ via, target: `${via}://h`, isUp: via !== 'management' })),
    consumerTimeoutMs: 7_200_000,
    leftOutCount: 0,
  });
  return store;
}

const READINGS: readonly WayReading[] = [
  {
    via: 'amqp',
    atMs: AT_MS,
    isComplete: false,
    version: '3.10.8',
    queues: [
      { name: 'jobs', status: 'present', ready: 5, consumers: 2 },
      { name: 'gone', status: 'missing' },
    ],
  },
  {
    via: 'metrics',
    atMs: AT_MS - 5000,
    isComplete: true,
    queues: [
      { name: 'jobs', status: 'present', ready: 6, unacked: 1, published: 9, acked: 3, redelivered: 0 },
      { name: 'a"b', status: 'present', ready: 0 },
    ],
    alarms: { memory: true, disk: false },
    alarmsAtMs: AT_MS,
  },
];

async function render(readings: readonly WayReading[]): Promise<string[]> {
  const { fleet } = createStore(readings);
  const page = createMetricsPage({
    daemon: () => NO_DAEMON_FACTS,
    fleet,
    groups: [stageInfoFamilies, queueFamilies, brokerFamilies],
    clock: createFakeClock(),
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onError: (error) => assert.ifError(error),
  });
  return (await page.render())
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the queue, broker and stage families', () => {
  it('show the best figure of each fact with queue, vhost and stage', async () => {
    const jobs = 'queue="jobs",vhost="/",stage="G1"';
    const gone = 'queue="gone",vhost="/",stage="G2"';
    const quoted = 'queue="a\\"b",vhost="/"';
    assert.deepEqual(await render(READINGS), [
      'pipeline_stage_info{stage="G1",name="Spine",branch="A",queue="jobs",order="1"} 1',
      'pipeline_stage_info{stage="G2",queue="gone",order="2"} 1',
      'pipeline_stage_info{stage="G3",order="3"} 1',
      `pipeline_queue_messages_ready{${jobs}} 5`,
      `pipeline_queue_messages_ready{${quoted}} 0`,
      `pipeline_queue_messages_unacked{${jobs}} 1`,
      `pipeline_queue_consumers{${jobs}} 2`,
      `pipeline_queue_published_total{${jobs}} 9`,
      `pipeline_queue_acked_total{${jobs}} 3`,
      `pipeline_queue_redelivered_total{${jobs}} 0`,
      `pipeline_queue_missing{${jobs}} 0`,
      `pipeline_queue_missing{${gone}} 1`,
      `pipeline_queue_data_timestamp_seconds{${jobs}} ${(AT_MS - 5000) / 1000}`,
      `pipeline_queue_data_timestamp_seconds{${gone}} ${AT_MS / 1000}`,
      `pipeline_queue_data_timestamp_seconds{${quoted}} ${(AT_MS - 5000) / 1000}`,
      `pipeline_queue_disagreeing_facts{${jobs}} 0`,
      `pipeline_queue_disagreeing_facts{${gone}} 0`,
      `pipeline_queue_disagreeing_facts{${quoted}} 0`,
      'pipeline_broker_info{version="3.10.8"} 1',
      'pipeline_broker_alarm{alarm="memory"} 1',
      'pipeline_broker_alarm{alarm="disk"} 0',
      'pipeline_broker_way_up{via="amqp"} 1',
      'pipeline_broker_way_up{via="metrics"} 1',
    ]);
  });

  it('show no alarm that nobody has told of', async () => {
    const lines = await render(READINGS.slice(0, 1));
    assert.ok(!lines.some((line) => line.startsWith('pipeline_broker_alarm')));
  });
});

describe('the fleet as JSON', () => {
  it('tells of each figure where it came from and when it was true', () => {
    const { queues, broker } = renderFleetJson(createStore(READINGS).fleet, NO_VERDICTS, AT_MS);
    assert.deepEqual(queues[0]?.ready, { value: 5, via: 'amqp', at: new Date(AT_MS).toISOString() });
    assert.deepEqual(queues[0]?.unacked, {
      value: 1,
      via: 'metrics',
      at: new Date(AT_MS - 5000).toISOString(),
    });
    assert.equal(queues.find(({ queue }) => queue === 'gone')?.status, 'missing');
    assert.equal(broker?.consumerTimeoutMs, 7_200_000);
    assert.deepEqual(broker?.alarms, { memory: true, disk: false });
  });

  it('has no broker and no queues once the source is forgotten', () => {
    const store = createStore(READINGS);
    store.forgetSource('rabbitmq');
    const { queues, broker } = renderFleetJson(store.fleet, NO_VERDICTS, AT_MS);
    assert.deepEqual([queues, broker], [[], null]);
  });
});
