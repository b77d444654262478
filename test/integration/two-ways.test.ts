/** The daemon's own alerts and those of Prometheus, from one page with a finding of each kind: the same, kind by kind. */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { reviewAlertStates } from '../../src/alerting/alertmanager/alert-states.js';
import { configSchema } from '../../src/config/schema.js';
import {
  FINDING_KINDS,
  FINDING_SEVERITIES,
  type Finding,
  type FindingKind,
  type FindingSubject,
} from '../../src/detectors/finding.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { createFakeClock } from '../support/fake-clock.js';
import { skipWithout } from '../support/machine.js';
import { NO_DAEMON_FACTS, NO_VERDICTS } from '../support/no-verdicts.js';
import type { RealPrometheus } from '../support/real-prometheus.js';
import { startShippedPrometheus } from '../support/shipped-stack.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

type Labels = Readonly<Record<string, string>>;

const WORKER: FindingSubject = { container: 'paddle-worker-gpu1-0', identity: 'w', stage: 'G3_02', gpu: '1' };
const QUEUE: FindingSubject = { queue: 'g3_02', vhost: '/', stage: 'G3_02' };
const GPU: FindingSubject = { gpu: '3', uuid: 'GPU-3' };

/** Where it is not about a worker. */
const SUBJECTS: Partial<Record<FindingKind, FindingSubject>> = {
  OrchestratorStuck: { container: 'orchestrator-3', identity: 'o', stage: 'G3_02', document: 'PMC1' },
  StageStalled: { stage: 'G3_02' },
  PipelineStandstill: {},
  QueueNoConsumers: QUEUE,
  QueueGrowing: QUEUE,
  QueueMissing: QUEUE,
  DeadLettersGrowing: QUEUE,
  CommonCause: { gpu: '3' },
  SourceDown: { source: 'rabbitmq' },
  InfrastructureDown: { container: 'rabbitmq', identity: 'r' },
  GpuError: GPU,
  GpuMemoryHigh: GPU,
  GpuMemoryLeaked: GPU,
  PoisonDocument: { document: 'PMC1', stage: 'G3_02' },
  FailuresSpiking: { stage: 'G3_02' },
  LogErrors: { stage: 'G3_02' },
  BackupStale: { container: 'backup', identity: 'b' },
  NotificationsFailing: { channel: 'email' },
};

function finding(kind: FindingKind): Finding {
  const nowMs = Date.now();
  return {
    kind,
    key: 'key',
    id: `${kind}:key`,
    severity: FINDING_SEVERITIES[kind],
    subject: SUBJECTS[kind] ?? WORKER,
    summary: 'is wrong',
    evidence: ['because'],
    clearsWhen: 'It is right again.',
    beganAtMs: nowMs - 60_000,
    openedAtMs: nowMs,
    confirmedAtMs: nowMs,
  };
}

const FINDINGS = new Map(FINDING_KINDS.map((kind) => [`${kind}:key`, finding(kind)]));

function daemonsOwn(): readonly Labels[] {
  const settings = configSchema.parse({ alerts: { alertmanager: { urls: ['http://127.0.0.1:9093'] } } });
  const states = reviewAlertStates(
    {},
    { findings: FINDINGS, isSilenced: () => false, settings, nowMs: Date.now() },
  );
  return Object.values(states).map(({ labels }) => labels);
}

describe('the two ways of an alert', { skip: skipWithout('prometheus') }, () => {
  let server: Server;
  let prometheus: RealPrometheus;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const page = createMetricsPage({
      daemon: () => ({ ...NO_DAEMON_FACTS, verdicts: { ...NO_VERDICTS, findings: FINDINGS } }),
      fleet: createFleetStore(createClassifier(TEST_CLASSIFY)).fleet,
      groups: ALL_FAMILY_GROUPS,
      clock: createFakeClock(Date.now()),
      staleAfterMs: 60_000,
      renderRest: () => Promise.resolve(''),
      onError: (error) => assert.fail(String(error)),
    });
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      void page.render().then((body) => response.end(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    prometheus = await startShippedPrometheus({
      folder: await tempDir({
        after: (task?: unknown) => void cleanups.push(task as () => unknown),
      } as never),
      daemon: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
  });

  after(async () => {
    await prometheus?.stop();
    server?.closeAllConnections();
    server?.close();
    for (const cleanup of cleanups) await cleanup();
  });

  async function firing(): Promise<readonly Labels[]> {
    const answer = await fetch(`${prometheus.url}/api/v1/alerts`);
    const { data } = (await answer.json()) as { data: { alerts: { state: string; labels: Labels }[] } };
    return data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
  }

  it('agree in name, severity and labels for every kind', async () => {
    const byName = await waitFor(
      'an alert of every kind',
      async () => {
        const all = new Map((await firing()).map((labels) => [labels['alertname'], labels]));
        return FINDING_KINDS.every((kind) => all.has(`Pipeline${kind}`)) && all;
      },
      60_000,
    );
    const own = daemonsOwn();
    assert.equal(own.length, FINDING_KINDS.length);
    for (const labels of own) {
      const told = { ...byName.get(labels['alertname']) };
      assert.equal(`Pipeline${told['kind']}`, labels['alertname']);
      // Prometheus adds the target; the kind is what its inhibition goes by.
      for (const added of ['job', 'instance', 'kind']) delete told[added];
      assert.deepEqual(told, labels);
    }
  });
});
