/** The shipped inhibition on a real Alertmanager: what is muted by what, and what must not be. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { type RealAlertmanager, startRealAlertmanager } from '../support/real-alertmanager.js';
import { alertRule } from '../support/rule-files.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

type Labels = Readonly<Record<string, string>>;

interface Case {
  readonly what: string;
  /** Alerts that are open, without their severity; the first is not muted. */
  readonly cause: readonly [alertname: string, labels: Labels];
  readonly muted: readonly (readonly [alertname: string, labels: Labels])[];
  readonly told: readonly (readonly [alertname: string, labels: Labels])[];
}

const stuck = (container: string): Labels => ({ kind: 'WorkerStuck', container, stage: 'G3_02', gpu: '1' });

const CASES: readonly Case[] = [
  {
    what: 'a consequence of a common cause, and only that one',
    cause: ['PipelineConsequence', stuck('a')],
    muted: [['PipelineWorkerStuck', stuck('a')]],
    told: [
      ['PipelineWorkerStuck', stuck('b')],
      ['PipelineWorkerSlow', { ...stuck('a'), kind: 'WorkerSlow', container: 'c' }],
      ['PipelineCommonCause', { kind: 'CommonCause' }],
      ['PipelineDaemonAbsent', {}],
    ],
  },
  {
    what: 'a consequence that has no label but its kind',
    cause: ['PipelineConsequence', { kind: 'PoisonDocument' }],
    muted: [['PipelinePoisonDocument', { kind: 'PoisonDocument' }]],
    told: [['PipelineNotificationsFailing', { kind: 'NotificationsFailing' }]],
  },
  {
    what: 'everything the daemon said while it is down, but not what another daemon says',
    cause: ['PipelineDaemonDown', {}],
    muted: [
      ['PipelineWorkerStuck', stuck('a')],
      ['PipelineQueueRising', { queue: 'g3_02', stage: 'G3_02' }],
      ['PipelineEvaluationStale', {}],
    ],
    told: [
      ['PipelineWorkerStuck', { ...stuck('a'), instance: 'dgx-2' }],
      ['PipelineDaemonDown', { instance: 'dgx-3' }],
      ['PipelineWatchdog', {}],
    ],
  },
  {
    what: 'warnings about a container that has a critical alert',
    cause: ['PipelineWorkerStuck', stuck('a')],
    muted: [
      ['PipelineWorkerUnhealthy', { kind: 'WorkerUnhealthy', container: 'a' }],
      ['PipelineContainerRestarting', { container: 'a', role: 'worker' }],
    ],
    told: [
      ['PipelineWorkerUnhealthy', { kind: 'WorkerUnhealthy', container: 'b' }],
      ['PipelineGpuMemoryHigh', { kind: 'GpuMemoryHigh', gpu: '1' }],
      ['PipelineQueueGrowing', { kind: 'QueueGrowing', queue: 'g3_02', stage: 'G3_02' }],
      ['PipelineConfigReloadFailed', {}],
    ],
  },
  {
    what: 'the memory of a GPU that is lost, but not its workers',
    cause: ['PipelineGpuError', { kind: 'GpuError', gpu: '3' }],
    muted: [
      ['PipelineGpuMemoryHigh', { kind: 'GpuMemoryHigh', gpu: '3' }],
      ['PipelineGpuMemoryNearlyFull', { gpu: '3', uuid: 'GPU-3' }],
    ],
    told: [
      ['PipelineGpuMemoryLeaked', { kind: 'GpuMemoryLeaked', gpu: '2' }],
      ['PipelineWorkerSlow', { kind: 'WorkerSlow', container: 'a', stage: 'G3_02', gpu: '3' }],
    ],
  },
  {
    what: 'what a stage without workers brings with it',
    cause: ['PipelineStageStalled', { kind: 'StageStalled', stage: 'G3_02' }],
    muted: [
      ['PipelineWorkerDown', { kind: 'WorkerDown', container: 'a', stage: 'G3_02' }],
      ['PipelineBacklogWithoutCompletions', { stage: 'G3_02' }],
    ],
    told: [
      ['PipelineWorkerDown', { kind: 'WorkerDown', container: 'b', stage: 'G2_00' }],
      ['PipelineFailuresSpiking', { kind: 'FailuresSpiking', stage: 'G3_02' }],
    ],
  },
  {
    what: 'the raw fact where the verdict says the same',
    cause: ['PipelineSourceDown', { kind: 'SourceDown', source: 'rabbitmq' }],
    muted: [['PipelineSourceUnreadable', { source: 'rabbitmq' }]],
    told: [['PipelineSourceUnreadable', { source: 'docker' }]],
  },
  {
    what: 'the rising samples of a queue that is found growing',
    cause: ['PipelineQueueGrowing', { kind: 'QueueGrowing', queue: 'g3_02', stage: 'G3_02' }],
    muted: [['PipelineQueueRising', { queue: 'g3_02', vhost: '/', stage: 'G3_02' }]],
    told: [['PipelineQueueRising', { queue: 'g2_00', vhost: '/', stage: 'G2_00' }]],
  },
];

describe('inhibition', { skip: skipWithout('alertmanager') }, () => {
  let server: RealAlertmanager;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({
      after: (task?: unknown) => void cleanups.push(task as () => unknown),
    } as never);
    // Its mail server is not to be reached: what would be told is seen in the states of the alerts.
    const config = await readFile('prometheus/alertmanager.yml', 'utf8');
    server = await startRealAlertmanager(folder, {
      config: config.replace('- mail.tmpl', `- ${resolve('prometheus/mail.tmpl')}`),
    });
  });

  after(async () => {
    await server?.stop();
    for (const cleanup of cleanups) await cleanup();
  });

  for (const [index, { what, cause, muted, told }] of CASES.entries()) {
    it(`mutes ${what}`, async () => {
      const all = [cause, ...muted, ...told].map(([alertname, labels]) => ({
        alertname,
        severity: alertRule(alertname).labels['severity'] ?? '',
        job: 'stagewatch',
        ...labels,
        // Of hosts of its own, so that the cases do not meet.
        instance: `${labels['instance'] ?? 'dgx-1'} of ${index}`,
      }));
      const posted = await fetch(`${server.url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(all.map((labels) => ({ labels, annotations: {} }))),
      });
      assert.equal(posted.status, 200, await posted.text());
      const key = ({ alertname, container, queue, source, gpu, instance, kind }: Labels): string =>
        [alertname, kind, container, queue, source, gpu, instance].join(' ');
      const alertsOfCase = async () =>
        (await server.alerts()).filter(({ labels }) => labels['instance']?.endsWith(` of ${index}`));
      const wanted = new Set(all.slice(1, 1 + muted.length).map(key));
      await waitFor('all of them to be judged', async () => {
        const alerts = await alertsOfCase();
        return alerts.length === all.length && alerts.every(({ status }) => status.state !== 'unprocessed');
      });
      const isMuted = (await alertsOfCase()).filter(({ status }) => status.inhibitedBy.length > 0);
      assert.deepEqual(new Set(isMuted.map(({ labels }) => key(labels))), wanted);
    });
  }
});
