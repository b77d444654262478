import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Config, configSchema } from '../../src/config/schema.js';
import { FINDING_KINDS, FINDING_SEVERITIES } from '../../src/detectors/finding.js';
import { parseDuration } from '../../src/lib/duration.js';
import { knownMetrics } from '../support/known-metrics.js';
import { requireProgram, skipWithout } from '../support/machine.js';
import { readPromql } from '../support/promql.js';
import {
  ALERT_RULES,
  type AlertRule,
  alertRule,
  RECORDING_RULES,
  RULE_FILES,
  RULE_GROUPS,
} from '../support/rule-files.js';

const DEFAULTS: Config = configSchema.parse({});
const FINDING_RULES = new Set(FINDING_KINDS.map((kind) => `Pipeline${kind}`));

/** `{{ $labels.x }}` in an annotation. */
function labelsNamed({ annotations }: AlertRule): readonly string[] {
  return Object.values(annotations).flatMap((text) =>
    [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
  );
}

describe('alerts/', () => {
  it('passes promtool with every lint fatal', { skip: skipWithout('prometheus') }, async () => {
    const args = ['check', 'rules', '--lint=all', '--lint-fatal', ...RULE_FILES];
    await promisify(execFile)(requireProgram('promtool'), args);
  });

  it('hands no label to a shell as it is: files choose the names of workers', () => {
    for (const file of RULE_FILES) {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (/^\s+(docker|nvidia-smi|stagewatch|rabbitmqctl) /.test(line))
          assert.doesNotMatch(line, /\{\{ \$labels/, line);
      }
    }
  });

  it('has one alert for each kind of finding, of its severity, that reads its verdict', () => {
    for (const kind of FINDING_KINDS) {
      const { expr, labels, for: waits } = alertRule(`Pipeline${kind}`);
      assert.equal(expr, `max without (cause) (pipeline_finding_active{kind="${kind}"}) == 1`);
      assert.equal(labels['severity'], FINDING_SEVERITIES[kind]);
      assert.equal(waits, undefined, 'the daemon has waited already');
    }
  });

  it('reads verdicts nowhere else, so that what is wrong with detection is seen', () => {
    const readers = ALERT_RULES.filter(
      ({ alert, expr }) =>
        !FINDING_RULES.has(alert) &&
        readPromql(expr).metrics.some((metric) =>
          /finding|_status$|_stage_(workers|orchestrators)$/.test(metric),
        ),
    );
    assert.deepEqual(
      readers.map(({ alert }) => alert),
      ['PipelineConsequence'],
    );
  });

  it('names only metrics and labels that there are', async () => {
    const known = await knownMetrics();
    for (const { expr, ...rule } of [...ALERT_RULES, ...RECORDING_RULES]) {
      const name = 'alert' in rule ? rule.alert : rule.record;
      const { metrics, matchedLabels, groupedLabels } = readPromql(expr);
      for (const metric of metrics) assert.ok(known.has(metric), `${name}: no metric ${metric}`);
      for (const [metric, label] of matchedLabels)
        assert.ok(known.get(metric)?.has(label), `${name}: ${metric} has no label ${label}`);
      const all = new Set(metrics.flatMap((metric) => [...(known.get(metric) ?? [])]));
      const inWords = 'alert' in rule ? labelsNamed({ expr, ...rule }) : [];
      for (const label of [...groupedLabels, ...inWords])
        assert.ok(all.has(label), `${name}: nothing it reads has a label ${label}`);
    }
  });

  it('names only metrics that docs/metrics.md lists', () => {
    const listed = readFileSync('docs/metrics.md', 'utf8');
    for (const { expr } of [...ALERT_RULES, ...RECORDING_RULES]) {
      for (const metric of readPromql(expr).metrics) {
        if (!metric.startsWith('pipeline_') && !metric.startsWith('stagewatch_')) continue;
        assert.ok(listed.includes(`\`${metric.replace(/_(bucket|sum|count)$/, '')}\``), metric);
      }
    }
  });

  it('has thresholds that equal the defaults of the configuration', () => {
    const { detection, rabbitmq } = DEFAULTS;
    const part = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';
    const rising = alertRule('PipelineQueueRising');
    assert.equal(parseDuration(part(rising.expr, /offset (\w+)\)/)), detection.queue_window);
    assert.equal(parseDuration(part(rising.expr, /deriv\(\w+\[(\w+)\]/)), detection.queue_window);
    assert.equal(Number(part(rising.expr, />= (\d+)/)), detection.queue_min_rise);
    assert.equal(parseDuration(rising.for ?? ''), detection.queue_window);
    const restarting = alertRule('PipelineContainerRestarting').expr;
    assert.equal(parseDuration(part(restarting, /\[(\w+)1s\]/)), detection.crash_loop_window);
    assert.equal(Number(part(restarting, />= (\d+)$/)), detection.crash_loop_ends);
    const full = alertRule('PipelineGpuMemoryNearlyFull');
    assert.equal(Number(part(full.expr, /> ([\d.]+)$/)), detection.gpu_memory_high);
    assert.equal(parseDuration(full.for ?? ''), detection.gpu_memory_for);
    assert.equal(parseDuration(alertRule('PipelineSourceUnreadable').for ?? ''), detection.source_down_after);
    const backlog = alertRule('PipelineBacklogWithoutCompletions');
    assert.equal(parseDuration(backlog.for ?? ''), 4 * rabbitmq.consumer_timeout);
  });

  it('has windows that hold the same samples on Prometheus 2 and 3', () => {
    // A trend over many samples does not depend on one at the edge.
    const edgeless = /deriv\(\w+\[\w+\]/g;
    for (const { alert, expr } of ALERT_RULES)
      for (const [, window] of expr.replaceAll(edgeless, '').matchAll(/\[(\w+)\]/g))
        assert.match(window ?? '', /^\d+m1s$/, alert);
  });

  it('mutes a consequence for longer than its alert is held', () => {
    const held = (rule: AlertRule): number => parseDuration(rule.keep_firing_for ?? '0s') ?? 0;
    for (const kind of FINDING_KINDS)
      assert.ok(held(alertRule(`Pipeline${kind}`)) < held(alertRule('PipelineConsequence')), kind);
  });

  it('calls an evaluation stale only beyond the longest interval that may be set', () => {
    const longest = 60;
    assert.ok(configSchema.safeParse({ detection: { interval: `${longest}s` } }).success);
    assert.ok(!configSchema.safeParse({ detection: { interval: `${longest + 1}s` } }).success);
    const limits = [...alertRule('PipelineEvaluationStale').expr.matchAll(/> (\d+)/g)].map(([, s]) =>
      Number(s),
    );
    assert.deepEqual(limits, [2 * longest, 2 * longest]);
  });

  it('gives every alert severity, static summary, description, runbook and dashboard', () => {
    for (const { alert, labels, annotations } of ALERT_RULES) {
      assert.match(alert, /^Pipeline[A-Z][A-Za-z]+$/);
      assert.match(labels['severity'] ?? '', /^(critical|warning|info|none)$/);
      const { commands, ...rest } = annotations;
      assert.deepEqual(Object.keys(rest), ['summary', 'description', 'runbook_url', 'dashboard_url']);
      // To be copied as they are, a line each.
      for (const command of commands?.split('\n') ?? []) assert.match(command, /^[a-z].*[^.,\s]$/, alert);
      assert.match(annotations['summary'] ?? '', /^[A-Zs][^{}]+\.$/, alert);
      assert.match(annotations['description'] ?? '', /\.$/, alert);
      assert.equal(annotations['runbook_url'], `{{ $externalURL }}/consoles/runbooks/${alert}.md`);
      assert.match(annotations['dashboard_url'] ?? '', /^http:\/\/127\.0\.0\.1:3000\/d\/stagewatch-/);
    }
  });

  it('links to dashboards that there are, by variables that they have', () => {
    const dashboards = readdirSync('grafana/dashboards').map(
      (name) =>
        JSON.parse(readFileSync(`grafana/dashboards/${name}`, 'utf8')) as {
          uid: string;
          templating: { list: { name: string }[] };
        },
    );
    for (const { alert, annotations } of ALERT_RULES) {
      const [, uid, variable] =
        /\/d\/([\w-]+)(?:\?var-(\w+)=)?/.exec(annotations['dashboard_url'] ?? '') ?? [];
      const dashboard = dashboards.find((one) => one.uid === uid);
      assert.ok(dashboard, `${alert}: ${uid}`);
      if (variable !== undefined)
        assert.ok(
          dashboard.templating.list.some(({ name }) => name === variable),
          alert,
        );
    }
  });

  it('holds to the habits of rules', () => {
    const names = [...ALERT_RULES.map(({ alert }) => alert), ...RECORDING_RULES.map(({ record }) => record)];
    assert.equal(new Set(names).size, names.length, 'a name is used twice');
    for (const { name, ...others } of RULE_GROUPS)
      assert.deepEqual([/^stagewatch-[a-z-]+$/.test(name), Object.keys(others)], [true, ['rules']], name);
    for (const { record, expr } of RECORDING_RULES) {
      assert.match(record, /^[a-z_]+:[a-z0-9_]+:[a-z0-9_]+$/);
      assert.doesNotMatch(record, /_total:/);
      assert.doesNotMatch(expr, /\bby\b/, `${record}: without rather than by`);
    }
    for (const { alert, expr, for: waits } of ALERT_RULES) {
      assert.doesNotMatch(expr, /\b(topk|bottomk|le=|by \()/, alert);
      if (expr.startsWith('absent(')) assert.ok((parseDuration(waits ?? '') ?? 0) >= 60_000, alert);
    }
  });
});
