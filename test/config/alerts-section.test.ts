import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.js';

function load(yaml: string, env: Record<string, string> = {}): LoadedConfig {
  return loadConfig({ file: 'f.yaml', env, readFile: () => yaml });
}

function alertsOf(loaded: LoadedConfig) {
  assert.ok(loaded.kind === 'ok', JSON.stringify(loaded));
  return loaded.config.alerts;
}

describe('without a word on notifications', () => {
  const alerts = alertsOf(load(''));

  it('nobody is told of anything', () => {
    assert.equal(alerts.email.smtp_url, null);
    assert.deepEqual(alerts.alertmanager.urls, []);
    assert.equal(alerts.webhook.url, null);
    assert.equal(alerts.digest.at, null);
    assert.equal(alerts.quiet_hours.from, null);
  });

  it('groups wait 10 seconds, are told again every 4 hours, and resolved', () => {
    assert.equal(alerts.group_wait, 10_000);
    assert.equal(alerts.repeat, 4 * 3_600_000);
    assert.equal(alerts.send_resolved, true);
    assert.equal(alerts.email.from, 'stagewatch@localhost');
  });
});

describe('notifications', () => {
  it('are set up with routes, quiet hours and a digest', () => {
    const alerts = alertsOf(
      load(`
alerts:
  email: { smtp_url: "smtp://user:secret@mail:587", to: [ops@example.com, "On call <oncall@example.com>"] }
  routes:
    - { severities: [critical], stages: "G3_*", channels: [email], to: [gpu@example.com] }
    - { kinds: [Gpu*, BackupStale], channels: [] }
  quiet_hours: { from: "22:00", to: "07:00" }
  digest: { at: "08:00" }
  timezone: Europe/Berlin
`),
    );
    assert.deepEqual(
      alerts.routes.map(({ stages, kinds, channels }) => [stages, kinds, channels]),
      [
        [['G3_*'], [], ['email']],
        [[], ['Gpu*', 'BackupStale'], []],
      ],
    );
    assert.equal(alerts.quiet_hours.hold_critical, false);
  });

  it('take their lists and secrets from the environment', () => {
    const alerts = alertsOf(
      load('', {
        STAGEWATCH_ALERTS_EMAIL_SMTP_URL: 'smtps://mail',
        STAGEWATCH_ALERTS_EMAIL_TO: 'a@example.com, b@example.com',
        STAGEWATCH_ALERTS_ALERTMANAGER_URLS: 'http://am-1:9093,http://am-2:9093',
        STAGEWATCH_ALERTS_WEBHOOK_SECRET: 'x',
      }),
    );
    assert.deepEqual(alerts.email.to, ['a@example.com', 'b@example.com']);
    assert.equal(alerts.alertmanager.urls.length, 2);
  });
});

describe('a fault', () => {
  const faulty: readonly (readonly [string, RegExp])[] = [
    ['email: { smtp_url: "http://user:secret@mail", to: [a@b.c] }', /expected a URL like smtp:/],
    ['email: { smtp_url: "smtp://user:secret@mail" }', /nobody would get the mail: set alerts\.email\.to/],
    ['email: { to: ["a@b.c\\r\\nBcc: x@y.z"] }', /expected a mail address/],
    ['email: { to: ["a@b.c,x@y.z"] }', /expected a mail address/],
    ['email: { from: nobody }', /expected a mail address like ops@example\.com, got "nobody"/],
    ['webhook: { url: "ftp://secret" }', /expected a URL like https:/],
    ['alertmanager: { urls: ["am:9093"] }', /expected a URL like http:\/\/alertmanager:9093/],
    ['routes: [{ severities: [bad] }]', /expected a list of critical, warning, info, got "bad"/],
    ['routes: [{ channels: [webhook] }]', /set alerts\.webhook\.url first/],
    ['routes: [{ channels: [email] }]', /set alerts\.email\.smtp_url first/],
    ['quiet_hours: { from: "22:00" }', /expected both from and to/],
    ['quiet_hours: { from: "24:00", to: "07:00" }', /expected a time of day in quotes/],
    ['timezone: Mars/Olympus', /expected a time zone like Europe\/Berlin, or null, got "Mars\/Olympus"/],
    ['repeat: 10s', /from 1m to 30d/],
  ];
  for (const [yaml, message] of faulty) {
    it(`is named with its place and without a password: ${yaml.slice(0, 60)}`, () => {
      const loaded = load(`alerts:\n  ${yaml}\n`);
      assert.ok(loaded.kind === 'faulty');
      assert.equal(loaded.faults.length, 1, JSON.stringify(loaded.faults));
      assert.match(loaded.faults[0]?.message ?? '', message);
      assert.match(loaded.faults[0]?.place ?? '', /^f\.yaml:2:\d+$/);
      assert.doesNotMatch(JSON.stringify(loaded.faults), /secret/);
    });
  }
});
