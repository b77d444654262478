/** Where a message leads: the page of stagewatch, the dashboard at the time of the trouble, the runbook. */

import type { AlertSettings } from './alert-settings.js';
import type { Notification } from './notification.js';

export interface MessageLink {
  readonly title: string;
  readonly url: string;
}

/** The dashboard shows some time before and after. */
const AROUND_MS = 15 * 60_000;

export function linksFor(notification: Notification, { alerts }: AlertSettings): readonly MessageLink[] {
  const { external_url, grafana_url } = alerts;
  const { kind } = notification;
  const runbook = runbookUrl(kind, alerts);
  return [
    ...(external_url === null ? [] : [{ title: 'stagewatch', url: external_url }]),
    ...(grafana_url === null ? [] : [{ title: 'Grafana', url: grafanaLink(grafana_url, notification) }]),
    ...(runbook === undefined ? [] : [{ title: `Runbook of ${kind}`, url: runbook }]),
  ];
}

/** Undefined where no folder of runbooks is configured. */
export function runbookUrl(kind: string, { runbook_url }: AlertSettings['alerts']): string | undefined {
  return runbook_url === null ? undefined : `${runbook_url.replace(/\/$/, '')}/Pipeline${kind}.md`;
}

function grafanaLink(
  dashboard: string,
  { findings, ended, stage, reason, createdAtMs }: Notification,
): string {
  const began = [...findings, ...ended].map(({ beganAtMs }) => beganAtMs);
  const url = new URL(dashboard);
  url.searchParams.set('from', String(Math.round(Math.min(...began, createdAtMs)) - AROUND_MS));
  url.searchParams.set('to', reason === 'resolved' ? String(Math.round(createdAtMs) + AROUND_MS) : 'now');
  if (stage !== undefined) url.searchParams.set('var-stage', stage);
  return url.href;
}
