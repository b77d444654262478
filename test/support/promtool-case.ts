/** One alert's case in a table, written out as a test of promtool: quiet, firing with its labels and words, resolved. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { requireProgram } from './machine.js';
import { alertRule, RULE_FILES } from './rule-files.js';

export interface AlertCase {
  readonly alert: string;
  /** Series to values in promtool's notation, a value each 15 s: `_x3 1x8 stale`. */
  readonly input: Readonly<Record<string, string>>;
  /** Moments at which it must not fire yet; the last just before it does. None: it always fires. */
  readonly quietAt: readonly string[];
  readonly firesAt: readonly string[];
  readonly resolvedAt: readonly string[];
  /** Labels beside its name and severity. */
  readonly labels: Readonly<Record<string, string>>;
  readonly description: string;
}

const EXTERNAL_URL = 'http://prometheus.test';

/** Throws with what promtool says when the case does not hold. */
export function runAlertCase(folder: string, alertCase: AlertCase): void {
  const file = join(folder, `${alertCase.alert}.test.yml`);
  writeFileSync(file, renderAlertCase(alertCase));
  execFileSync(requireProgram('promtool'), ['test', 'rules', file], { stdio: 'pipe', encoding: 'utf8' });
}

function renderAlertCase({ alert, input, labels, description, ...times }: AlertCase): string {
  const firing = [{ exp_labels: { ...labels, severity: severityOf(alert) }, exp_annotations: words() }];
  const at = (moments: readonly string[], exp_alerts: typeof firing) =>
    moments.map((eval_time) => ({ eval_time, alertname: alert, exp_alerts }));

  function words(): Record<string, string> {
    const { summary = '', commands, dashboard_url = '' } = alertRule(alert).annotations;
    const filled = (template: string): string =>
      template.replaceAll(
        /\{\{ (?:reReplaceAll "\S+" "_" )?\$labels\.(\w+) \}\}/g,
        (_, name: string) => labels[name] ?? '',
      );
    return {
      summary,
      description,
      ...(commands !== undefined && { commands: filled(commands) }),
      runbook_url: `${EXTERNAL_URL}/consoles/runbooks/${alert}.md`,
      dashboard_url: filled(dashboard_url),
    };
  }

  return stringify({
    rule_files: RULE_FILES.map((path) => resolve(path)),
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        external_url: EXTERNAL_URL,
        input_series: Object.entries(input).map(([series, values]) => ({ series, values })),
        alert_rule_test: [
          ...at(times.quietAt, []),
          ...at(times.firesAt, firing),
          ...at(times.resolvedAt, []),
        ],
      },
    ],
  });
}

function severityOf(alert: string): string {
  return alertRule(alert).labels['severity'] ?? '';
}
