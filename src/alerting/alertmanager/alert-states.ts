/**
 * Decides of which alerts an Alertmanager is told: every open finding, and each that has ended for five minutes more,
 * because what it hears nothing of for that long it takes for ended, and an end it missed it would never learn.
 */

import { type Finding, isReportedByCause } from '../../detectors/finding.js';
import type { AlertSettings } from '../alert-settings.js';
import { isForAlertmanager } from '../alert-target.js';
import { oneLine, whoAndWhere } from '../finding-words.js';
import { runbookUrl } from '../message-links.js';

/** As it is told; times in Unix milliseconds. */
export interface AlertState {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  /** Absent while it is open. */
  readonly endedAtMs?: number;
}

/** By the labels, which are an alert's identity. */
export type AlertStates = Readonly<Record<string, AlertState>>;

export interface StatesContext {
  readonly findings: ReadonlyMap<string, Finding>;
  readonly isSilenced: (finding: Finding) => boolean;
  readonly settings: AlertSettings;
  readonly nowMs: number;
}

const TELL_END_FOR_MS = 5 * 60_000;
/** Of about a kilobyte each. */
const MAX_ALERTS = 5000;
const MAX_DESCRIPTION = 4000;

/**
 * What was told goes on being told until it has ended, whatever has happened to it since: an alert that is left out is
 * taken for ended. A silence, or that it is a consequence of another, only keeps it from being told at first.
 */
export function reviewAlertStates(before: AlertStates, context: StatesContext): AlertStates {
  const { findings, settings, nowMs } = context;
  const states: Record<string, AlertState> = {};
  let count = 0;
  for (const finding of findings.values()) {
    if (!isForAlertmanager(finding, settings)) continue;
    const labels = alertLabels(finding);
    const key = JSON.stringify(labels);
    const known = before[key];
    if ((known === undefined || known.endedAtMs !== undefined) && isHeldBack(finding, context)) continue;
    if (states[key] === undefined && ++count > MAX_ALERTS) continue;
    const startsAtMs = Math.min(finding.openedAtMs, states[key]?.startsAtMs ?? finding.openedAtMs);
    states[key] = { labels, annotations: alertAnnotations(finding, settings), startsAtMs };
  }
  for (const [key, state] of Object.entries(before)) {
    if (states[key] !== undefined) continue;
    const endedAtMs = state.endedAtMs ?? nowMs;
    if (nowMs - endedAtMs < TELL_END_FOR_MS) states[key] = { ...state, endedAtMs };
  }
  return states;
}

/** Its cause is told in its place; and who silenced it wants to hear nothing of it. */
function isHeldBack(finding: Finding, { findings, isSilenced }: StatesContext): boolean {
  const { consequenceOf } = finding;
  const isInPlace = consequenceOf !== undefined && findings.has(consequenceOf) && isReportedByCause(finding);
  return isInPlace || isSilenced(finding);
}

/** The names that the Prometheus rules give their alerts, so that routes and silences hold for both. */
export function alertLabels({ kind, severity, subject }: Finding): Readonly<Record<string, string>> {
  const { container, stage, queue, gpu, source, channel } = subject;
  return {
    alertname: `Pipeline${kind}`,
    severity,
    ...(container !== undefined && { container }),
    ...(stage !== undefined && { stage }),
    ...(queue !== undefined && { queue }),
    ...(gpu !== undefined && { gpu }),
    ...(source !== undefined && { source }),
    ...(channel !== undefined && { channel }),
  };
}

function alertAnnotations(finding: Finding, settings: AlertSettings): Readonly<Record<string, string>> {
  const { kind, subject, summary, evidence, clearsWhen } = finding;
  const runbook = runbookUrl(kind, settings.alerts);
  const lines = [...evidence, `It ends when: ${clearsWhen}`].map((line) => oneLine(line));
  return {
    summary: `${whoAndWhere(subject, settings)}: ${oneLine(summary)}`,
    description: lines.join('\n').slice(0, MAX_DESCRIPTION),
    ...(runbook !== undefined && { runbook_url: runbook }),
  };
}
