import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/schema.js';
import { parseDuration } from '../../src/lib/duration.js';
import { requireProgram, skipWithout } from '../support/machine.js';
import { ALERT_RULES, alertRule } from '../support/rule-files.js';
import { tempDir } from '../support/temp-dir.js';

const ALERTMANAGER_FILE = 'prometheus/alertmanager.yml';

interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

interface AlertmanagerConfig {
  readonly global: Readonly<Record<string, unknown>>;
  readonly route: Readonly<Record<'group_wait' | 'group_interval' | 'repeat_interval', string>>;
  readonly receivers: readonly { email_configs?: readonly { to: string; send_resolved: boolean }[] }[];
  readonly inhibit_rules: readonly InhibitRule[];
}

const alertmanager = parse(readFileSync(ALERTMANAGER_FILE, 'utf8')) as AlertmanagerConfig;

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(requireProgram(program), args, { encoding: 'utf8', stdio: 'pipe' });
}

describe('prometheus/prometheus.yml', () => {
  it('passes promtool with its rule files and targets', { skip: skipWithout('prometheus') }, () => {
    assert.match(run('promtool', 'check', 'config', 'prometheus/prometheus.yml'), /3 rule files found/);
  });

  it('names the job that the rules ask for, and files of targets that are there', () => {
    const config = parse(readFileSync('prometheus/prometheus.yml', 'utf8')) as {
      scrape_configs: { job_name: string; file_sd_configs?: { files: string[] }[] }[];
    };
    const jobs = config.scrape_configs.map(({ job_name }) => job_name);
    for (const { expr } of ALERT_RULES)
      for (const [, job = ''] of expr.matchAll(/job="([^"]+)"/g)) assert.ok(jobs.includes(job), job);
    for (const file of config.scrape_configs.flatMap(
      ({ file_sd_configs = [] }) => file_sd_configs[0]?.files ?? [],
    )) {
      const [first] = parse(readFileSync(join('prometheus', file), 'utf8')) as { targets: string[] }[];
      assert.match(first?.targets[0] ?? '', /^[a-z]+:\d+$/, file);
    }
  });
});

describe('prometheus/alertmanager.yml', () => {
  it('passes amtool', { skip: skipWithout('alertmanager') }, () => {
    assert.match(run('amtool', 'check-config', ALERTMANAGER_FILE), /SUCCESS/);
  });

  it('leads every alert where it belongs', { skip: skipWithout('alertmanager') }, () => {
    for (const { alert, labels } of ALERT_RULES) {
      const severity = labels['severity'] ?? '';
      const expected =
        alert === 'PipelineWatchdog'
          ? 'dead-mans-switch'
          : severity === 'critical' || severity === 'warning'
            ? 'mail'
            : 'nobody';
      const args = ['config', 'routes', 'test', `--config.file=${ALERTMANAGER_FILE}`];
      const told = run('amtool', ...args, `alertname=${alert}`, `severity=${severity}`);
      assert.equal(told.trim(), expected, alert);
    }
  });

  it('waits, repeats and tells of ends as the daemon does by default', () => {
    const { alerts } = configSchema.parse({});
    const { group_wait, group_interval, repeat_interval } = alertmanager.route;
    assert.equal(parseDuration(group_wait), alerts.group_wait);
    assert.equal(parseDuration(group_interval), alerts.group_interval);
    assert.equal(parseDuration(repeat_interval), alerts.repeat);
    const mails = alertmanager.receivers.flatMap(({ email_configs = [] }) => [...email_configs]);
    assert.deepEqual(
      mails.map(({ send_resolved }) => send_resolved),
      [alerts.send_resolved],
    );
  });

  it('mutes only alerts that there are', () => {
    const matchers = alertmanager.inhibit_rules.flatMap(({ source_matchers, target_matchers }) => [
      ...source_matchers,
      ...target_matchers,
    ]);
    const names = matchers.flatMap((matcher) => {
      const [, named] = /^alertname !?[=~]+ "?([\w|]+)"?$/.exec(matcher) ?? [];
      return named?.split('|') ?? [];
    });
    assert.ok(names.length > 10);
    for (const name of names) assert.ok(alertRule(name));
  });

  it('mutes never by a label that both sides may lack', () => {
    for (const { source_matchers, target_matchers, equal } of alertmanager.inhibit_rules) {
      const [first, ...labels] = equal;
      assert.equal(first, 'instance');
      if (source_matchers.includes('alertname = PipelineConsequence')) continue;
      const isAsked = (label: string) =>
        [source_matchers, target_matchers].every((side) => side.includes(`${label} =~ ".+"`));
      assert.deepEqual(
        labels.filter((label) => !isAsked(label)),
        [],
        source_matchers.join(', '),
      );
    }
  });
});

describe('prometheus/start-alertmanager.sh', { skip: skipWithout('alertmanager', 'docker') }, () => {
  const START = 'prometheus/start-alertmanager.sh';

  /** Runs it with busybox alone, as the image has it, and an Alertmanager that only repeats its arguments. */
  function start(folder: string, env: Readonly<Record<string, string>>): AlertmanagerConfig {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const command of ['sh', 'sed', 'cp', 'dirname'])
      symlinkSync(requireProgram('busybox'), join(bin, command));
    writeFileSync(join(bin, 'alertmanager'), '#!/bin/sh\nprintf "%s " "$@"\n', { mode: 0o755 });
    const told = execFileSync(join(bin, 'sh'), [START, '--web.listen-address=:9093'], {
      env: { PATH: bin, ALERTMANAGER_CONFIG_DIR: folder, ...env },
      encoding: 'utf8',
    });
    const file = join(folder, 'alertmanager.yml');
    assert.equal(told, `--config.file=${file} --web.listen-address=:9093 `);
    run('amtool', 'check-config', file);
    return parse(readFileSync(file, 'utf8')) as AlertmanagerConfig;
  }

  it('writes the values of the environment in, whatever characters they have', async (test) => {
    const { global, receivers } = start(await tempDir(test), {
      SMTP_SMARTHOST: 'mail.lab:587',
      SMTP_FROM: "o'brien|&\\1@lab",
      SMTP_USER: 'a&b\\|c',
      ALERT_MAIL_TO: 'x@lab, y@lab',
    });
    assert.deepEqual(global, {
      smtp_smarthost: 'mail.lab:587',
      smtp_auth_username: 'a&b\\|c',
      smtp_auth_password_file: '/run/secrets/smtp_password',
      smtp_from: "o'brien|&\\1@lab",
      smtp_require_tls: true,
      resolve_timeout: '5m',
    });
    assert.equal(receivers[0]?.email_configs?.[0]?.to, 'x@lab, y@lab');
  });

  it('needs no user, and takes a relay without TLS when told so', async (test) => {
    const { global } = start(await tempDir(test), {
      SMTP_SMARTHOST: 'localhost:25',
      SMTP_FROM: 'a@lab',
      SMTP_REQUIRE_TLS: 'false',
      ALERT_MAIL_TO: 'x@lab',
    });
    assert.equal(global['smtp_require_tls'], false);
    assert.equal('smtp_auth_username' in global, false);
  });
});
