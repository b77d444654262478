/** The rules in `alerts/` as they are shipped. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (AlertRule | RecordingRule)[];
}

export const RULES_FOLDER = 'alerts';
export const RULE_FILES: readonly string[] = readdirSync(RULES_FOLDER)
  .filter((name) => name.endsWith('.rules.yml'))
  .toSorted()
  .map((name) => join(RULES_FOLDER, name));

export const RULE_GROUPS: readonly RuleGroup[] = RULE_FILES.flatMap(
  (path) => (parse(readFileSync(path, 'utf8')) as { groups: RuleGroup[] }).groups,
);
const RULES = RULE_GROUPS.flatMap(({ rules }) => [...rules]);
export const ALERT_RULES = RULES.filter((rule): rule is AlertRule => 'alert' in rule);
export const RECORDING_RULES = RULES.filter((rule): rule is RecordingRule => 'record' in rule);

export function alertRule(name: string): AlertRule {
  const rule = ALERT_RULES.find(({ alert }) => alert === name);
  if (!rule) throw new Error(`no rule ${name} in ${RULES_FOLDER}/`);
  return rule;
}
