/** The mail that the documents show: of a worker that hangs in a call to its GPU. */

import type { AlertSettings } from '../../src/alerting/alert-settings.js';
import type { OutgoingMessage } from '../../src/alerting/delivery.js';
import { findingOf, settingsWith, T0 } from './alert-findings.js';
import { firstMessage } from './alert-messages.js';

export const SAMPLE_SETTINGS: AlertSettings = settingsWith({
  external_url: 'https://stagewatch.example.com',
  grafana_url: 'https://grafana.example.com/d/stagewatch-run',
  timezone: 'UTC',
});

const stuck = findingOf('WorkerStuck', 'paddle-worker-gpu1-0', {
  subject: { container: 'paddle-worker-gpu1-0', stage: 'G3_02', gpu: '1', document: 'PMC4411200' },
  evidence: [
    'at page 12 of 40 of PMC4411200, for 14m02s in all; the limit of the stage is 4m30s (learned)',
    'container used 0.0 CPU-s in 6m40s',
    'GPU 1 at 0 % for 6m30s',
  ],
  beganAtMs: T0 - 432_000,
});

const WORKER_LOG = [
  '12:05:58 INFO  witness[PMC4411200] page 11/40 done in 3.9s',
  '12:06:08 INFO  witness[PMC4411200] page 12/40 done in 5.7s',
  '12:06:08 WARN  cudaMemcpyAsync: stream 3 busy, waiting',
];

export const sampleMail: OutgoingMessage = firstMessage([stuck], {
  settings: SAMPLE_SETTINGS,
  notes: {
    host: 'dgx-01',
    ends: new Map(),
    of: new Map([
      [
        stuck.id,
        {
          recovery: 'Recovery waits: the next restart in the stage is allowed in 12m40s.',
          commands: [
            { text: 'docker logs --tail 200 paddle-worker-gpu1-0', purpose: 'its last log lines' },
            {
              text: 'stagewatch restart paddle-worker-gpu1-0 --dry-run',
              purpose: 'what a restart would do and cost',
            },
          ],
          logLines: WORKER_LOG,
        },
      ],
    ]),
  },
});
