import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type AlertStates,
  reviewAlertStates,
  type StatesContext,
} from '../../src/alerting/alertmanager/alert-states.js';
import { postAlerts } from '../../src/alerting/alertmanager/post-alerts.js';
import type { Finding } from '../../src/detectors/finding.js';
import { systemClock } from '../../src/lib/clock.js';
import { findingOf, settingsWith, T0 } from '../support/alert-findings.js';
import { skipWithout } from '../support/machine.js';
import { type RealAlertmanager, startRealAlertmanager } from '../support/real-alertmanager.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const settings = settingsWith({
  alertmanager: { urls: ['http://am:9093'] },
  routes: [{ kinds: 'BackupStale', channels: ['email'] }],
  runbook_url: 'https://wiki.example.com/runbooks/',
});
const stuck = findingOf('WorkerStuck', 'paddle-worker-gpu1-0');
const cause = findingOf('CommonCause', 'gpu:1', { subject: { gpu: '1' } });

function review(
  before: AlertStates,
  findings: readonly Finding[],
  more: Partial<StatesContext> = {},
): AlertStates {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  return reviewAlertStates(before, { findings: byId, isSilenced: () => false, settings, nowMs: T0, ...more });
}
const names = (states: AlertStates): readonly string[] =>
  Object.values(states).map(({ labels, endedAtMs }) => `${labels['alertname']}${endedAtMs ? ' ended' : ''}`);

describe('alerts of an Alertmanager', () => {
  it('are named and labelled as those of the Prometheus rules, values in annotations only', () => {
    const [alert] = Object.values(review({}, [stuck]));
    assert.deepEqual(alert?.labels, {
      alertname: 'PipelineWorkerStuck',
      severity: 'critical',
      container: 'paddle-worker-gpu1-0',
      stage: 'G3_02',
    });
    assert.equal(
      alert?.annotations['summary'],
      'paddle-worker-gpu1-0 (G3_02 Witnesses): 7m12s without progress',
    );
    assert.match(
      alert?.annotations['description'] ?? '',
      /^container used 0\.0 CPU-s in 6m40s\npage 12 of 40/,
    );
    assert.equal(
      alert?.annotations['runbook_url'],
      'https://wiki.example.com/runbooks/PipelineWorkerStuck.md',
    );
  });

  it('are one where findings bear the same labels', () => {
    const one = findingOf('PoisonDocument', 'PMC1', { subject: { stage: 'G3_02', document: 'PMC1' } });
    const other = { ...one, key: 'PMC2', id: 'PoisonDocument:PMC2', openedAtMs: T0 - 5000 };
    const states = Object.values(review({}, [one, other]));
    assert.deepEqual(
      states.map(({ startsAtMs }) => startsAtMs),
      [T0 - 5000],
    );
  });

  it('are told of for five minutes after their end, and then no more', () => {
    let states = review({}, [stuck]);
    states = review(states, [], { nowMs: T0 + 60_000 });
    assert.deepEqual(names(states), ['PipelineWorkerStuck ended']);
    states = review(states, [], { nowMs: T0 + 359_999 });
    assert.equal(Object.values(states)[0]?.endedAtMs, T0 + 60_000);
    assert.deepEqual(names(review(states, [], { nowMs: T0 + 360_000 })), []);
    assert.deepEqual(names(review(states, [stuck], { nowMs: T0 + 120_000 })), ['PipelineWorkerStuck']);
  });

  it('leave out what is silenced, routed elsewhere, or follows from another', () => {
    const followed = { ...stuck, consequenceOf: cause.id };
    assert.deepEqual(names(review({}, [followed, cause])), ['PipelineCommonCause']);
    assert.deepEqual(names(review({}, [followed])), ['PipelineWorkerStuck'], 'its cause is gone');
    assert.deepEqual(names(review({}, [stuck], { isSilenced: () => true })), []);
    assert.deepEqual(names(review({}, [findingOf('BackupStale', 'backup')])), []);
  });

  it('go on when they were told before, because what is left out counts as ended', () => {
    const before = review({}, [stuck]);
    const followed = { ...stuck, consequenceOf: cause.id };
    const states = review(before, [followed, cause], { isSilenced: ({ kind }) => kind === 'WorkerStuck' });
    assert.deepEqual(names(states), ['PipelineWorkerStuck', 'PipelineCommonCause']);
  });
});

describe('a real Alertmanager', { skip: skipWithout('alertmanager') }, () => {
  let server: RealAlertmanager;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({
      after: (task?: unknown) => void cleanups.push(task as () => unknown),
    } as never);
    server = await startRealAlertmanager(join(folder, 'am'));
  });
  after(async () => {
    await server?.stop();
    for (const task of cleanups) await task();
  });

  const post = (states: AlertStates): Promise<void> =>
    postAlerts({
      url: server.url,
      alerts: Object.values(states),
      externalUrl: 'https://stagewatch.example.com',
      clock: systemClock,
      timeLimitMs: 5000,
    });

  it('takes an alert for open until it is told of its end', async () => {
    const finding = findingOf('WorkerStuck', 'prüfer-🦀', { openedAtMs: Date.now() - 60_000 });
    const open = review({}, [finding]);
    await post(open);
    const [alert] = await waitFor('the alert', async () => {
      const alerts = await server.alerts();
      return alerts.length > 0 ? alerts : undefined;
    });
    assert.equal(alert?.labels['container'], 'prüfer-🦀');
    assert.equal(alert?.generatorURL, 'https://stagewatch.example.com');
    assert.ok(Date.parse(alert?.endsAt ?? '') - Date.now() > 4 * 60_000, alert?.endsAt);
    await post(review(open, [], { nowMs: Date.now() - 1000 }));
    await waitFor('its end', async () => (await server.alerts()).length === 0);
  });

  it('takes more than fit into one call', async () => {
    const findings = Array.from({ length: 1100 }, (_, index) => findingOf('WorkerSlow', `w-${index}`));
    await post(review({}, findings));
    await waitFor('all of them', async () => (await server.alerts()).length === 1100);
  });
});
