/** A fleet of one container that nobody has described, of whose channel the broker tells at chosen moments. */

import { createClassifier } from '../../src/fleet/classify.js';
import type { ChannelReading } from '../../src/fleet/client-model.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import type { BrokerHold } from '../../src/fleet/hold-model.js';
import { parseProgress } from '../../src/fleet/parse-progress.js';
import { TEST_CLASSIFY } from './source-harness.js';

export interface BrokerClient {
  readonly prefetch: number;
  readonly queue: string;
  readonly isAckRequired?: boolean;
}

export interface BrokerFleet extends Pick<FleetStore, 'fleet' | 'apply'> {
  /** One read of the broker, at which the container has one channel. */
  read(
    second: number,
    client: BrokerClient,
    told: Partial<ChannelReading> & { readonly channel?: string },
  ): void;
  /** One at which it has none. */
  readNone(second: number): void;
  /** It writes a progress file. */
  report(second: number, content: object): void;
  holdOf(): BrokerHold | undefined;
  remove(): void;
}

export const BROKER_FLEET_WORKER = 'shop/ocr/1';
const ADDRESS = '172.29.0.2';

export function createBrokerFleet(start = createStore()): BrokerFleet {
  const { fleet, apply } = start;
  apply({
    kind: 'container-inspected',
    atMs: 0,
    facts: {
      ...{
        id: 'id-of-ocr',
        name: 'shop-ocr-1',
        image: 'app:1',
        createdAtMs: 0,
        startedAtMs: 0,
        state: 'running',
      },
      ...{ restartCount: 0, hasRestartPolicy: false, isOomKilled: false, addresses: [ADDRESS] },
      labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'ocr',
        'com.docker.compose.container-number': '1',
      },
    },
  });

  function readChannels(
    second: number,
    channels: readonly ChannelReading[],
    queues: readonly string[],
  ): void {
    const atMs = second * 1000;
    const clients = { atMs, readAtMs: atMs, isComplete: true, channels };
    apply({
      kind: 'broker-read',
      ...{ atMs, vhost: '/', ways: [], consumerTimeoutMs: 1_800_000, leftOutCount: 0 },
      readings: [
        {
          ...{ via: 'management', atMs, isComplete: true, clients },
          queues: queues.map((name) => ({ name, status: 'present', ready: 0, unacked: 0, consumers: 1 })),
        },
      ],
    });
    apply({ kind: 'source-read', source: 'rabbitmq', atMs, durationMs: 1 });
  }

  return {
    fleet,
    apply,
    read(second, { queue, prefetch, isAckRequired = true }, { channel = 'a', ...told }) {
      const connection = `${ADDRESS}:4${channel} -> 172.29.0.9:5672`;
      const consumes = [{ queue, isAckRequired, prefetch }];
      readChannels(
        second,
        [{ name: `${connection} (1)`, connection, peerHost: ADDRESS, consumes, ...told }],
        [queue, ...(told.consumes ?? []).map((consumer) => consumer.queue)],
      );
    },
    readNone: (second) => readChannels(second, [], ['q.ocr']),
    report(second, content) {
      const reading = parseProgress(JSON.stringify(content), 'ocr-1');
      const changed = [{ name: 'ocr-1', mtimeMs: second * 1000, reading }];
      apply({
        kind: 'progress-swept',
        atMs: second * 1000,
        isComplete: false,
        changed,
        removed: [],
        skipped: 0,
      });
    },
    holdOf: () => fleet.holds.get(BROKER_FLEET_WORKER),
    remove: () => apply({ kind: 'container-vanished', id: 'id-of-ocr' }),
  };
}

function createStore(): FleetStore {
  return createFleetStore(createClassifier(TEST_CLASSIFY));
}
