import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isForAlertmanager, targetsOf } from '../../src/alerting/alert-target.js';
import { isQuiet } from '../../src/alerting/quiet-hours.js';
import { findingOf, settingsWith } from '../support/alert-findings.js';

const EVERYTHING = {
  alertmanager: { urls: ['http://am:9093'] },
  webhook: { url: 'http://hook' },
};
const stuck = findingOf('WorkerStuck', 'w');
const slow = findingOf('WorkerSlow', 'w');
const skewed = findingOf('ProgressClockSkewed', 'w');

describe('a finding that no route fits', () => {
  const settings = settingsWith(EVERYTHING);

  it('goes to every channel there is', () => {
    assert.deepEqual(
      targetsOf(slow, settings).map(({ key }) => key),
      ['email:ops@example.com', 'webhook'],
    );
    assert.ok(isForAlertmanager(slow, settings));
  });

  it('goes to nobody but an Alertmanager when it is less severe than is told', () => {
    assert.deepEqual(targetsOf(skewed, settings), []);
    assert.ok(isForAlertmanager(skewed, settings));
    assert.equal(targetsOf(slow, settingsWith({ min_severity: 'critical' })).length, 0);
    assert.equal(targetsOf(skewed, settingsWith({ min_severity: 'info' })).length, 1);
  });

  it('is not told by the channel of which it tells', () => {
    const failing = findingOf('NotificationsFailing', 'email', { subject: { channel: 'email' } });
    assert.deepEqual(
      targetsOf(failing, settings).map(({ channel }) => channel),
      ['webhook'],
    );
  });
});

describe('routes', () => {
  const settings = settingsWith({
    ...EVERYTHING,
    routes: [
      { kinds: 'Backup*', channels: [] },
      { severities: ['critical'], stages: 'G3_*', channels: ['email'], to: ['gpu@example.com'] },
      { severities: ['info'], channels: ['webhook'] },
    ],
  });

  it('are tried in their order by severity, stage and kind', () => {
    assert.deepEqual(targetsOf(stuck, settings)[0]?.to, ['gpu@example.com']);
    assert.equal(targetsOf(stuck, settings).length, 1);
    assert.equal(isForAlertmanager(stuck, settings), false);
    const elsewhere = findingOf('WorkerStuck', 'w', { subject: { stage: 'G5_00' } });
    assert.deepEqual(targetsOf(elsewhere, settings)[0]?.to, ['ops@example.com']);
    assert.deepEqual(targetsOf(slow, settings).length, 2);
    assert.deepEqual(targetsOf(findingOf('SourceDown', 'x', { subject: {} }), settings).length, 2);
  });

  it('can keep a kind from everybody, and let a mild one through', () => {
    assert.deepEqual(targetsOf(findingOf('BackupStale', 'b'), settings), []);
    assert.deepEqual(
      targetsOf(skewed, settings).map(({ key }) => key),
      ['webhook'],
    );
  });

  it('make one target of the same addresses, in whatever order', () => {
    const to = (list: string[]) => targetsOf(stuck, settingsWith({ routes: [{ to: list }] }))[0]?.key;
    assert.equal(to(['b@x.y', 'a@x.y', 'b@x.y']), to(['a@x.y', 'b@x.y']));
  });
});

describe('quiet hours', () => {
  const at = (time: string): number => Date.parse(`2026-01-15T${time}Z`);
  const night = settingsWith({
    quiet_hours: { from: '22:00', to: '07:00' },
    timezone: 'Europe/Berlin',
  }).alerts;
  const noon = settingsWith({ quiet_hours: { from: '12:00', to: '13:30' }, timezone: 'UTC' }).alerts;
  const cases: readonly (readonly [typeof night, string, boolean])[] = [
    [night, '20:59:59', false],
    [night, '21:00:00', true],
    [night, '23:30:00', true],
    [night, '05:59:59', true],
    [night, '06:00:00', false],
    [noon, '11:59:59', false],
    [noon, '12:00:00', true],
    [noon, '13:29:59', true],
    [noon, '13:30:00', false],
    [settingsWith().alerts, '03:00:00', false],
  ];
  for (const [alerts, time, expected] of cases) {
    const { from, to } = alerts.quiet_hours;
    it(`${expected ? 'hold' : 'are over'} at ${time} UTC, from ${from} to ${to} ${alerts.timezone}`, () => {
      assert.equal(isQuiet(at(time), alerts), expected);
    });
  }
});
