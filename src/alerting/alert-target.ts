/** Decides who is told of a finding: the first route that fits it, else every channel there is. */

import type { AlertChannel, AlertRoute } from '../config/alert-routes.js';
import type { Finding, Severity } from '../detectors/finding.js';
import { matchesAnyGlob } from '../lib/glob.js';
import type { AlertSettings } from './alert-settings.js';

/** Channels that are told in messages; an Alertmanager is told of states, and makes its own messages of them. */
export type MessageChannel = Exclude<AlertChannel, 'alertmanager'>;

/** One mailbox list or webhook: what is told to it is grouped, repeated and limited by itself. */
export interface Target {
  /** Tells it from others. */
  readonly key: string;
  readonly channel: MessageChannel;
  /** Mail addresses; empty for a webhook. */
  readonly to: readonly string[];
}

type Routed = Pick<Finding, 'kind' | 'severity' | 'subject'>;

export const SEVERITY_RANKS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** Empty: nobody is told. A channel is not told that it fails itself. */
export function targetsOf(finding: Routed, settings: AlertSettings): readonly Target[] {
  const { alerts } = settings;
  const route = routeOf(finding, alerts.routes);
  if (!route && SEVERITY_RANKS[finding.severity] > SEVERITY_RANKS[alerts.min_severity]) return [];
  const isWanted = (channel: MessageChannel): boolean =>
    (route?.channels?.includes(channel) ?? true) && finding.subject.channel !== channel;
  const targets: Target[] = [];
  if (alerts.email.smtp_url !== null && isWanted('email')) {
    const to = route && route.to.length > 0 ? route.to : alerts.email.to;
    if (to.length > 0) targets.push(mailTarget(to));
  }
  if (alerts.webhook.url !== null && isWanted('webhook')) targets.push(WEBHOOK_TARGET);
  return targets;
}

/** Everybody whom the configuration names; who is not among them is told nothing more. */
export function currentTargets({ alerts }: AlertSettings): readonly Target[] {
  const lists = [alerts.email.to, ...alerts.routes.map(({ to }) => to)].filter((to) => to.length > 0);
  const mail = alerts.email.smtp_url === null ? [] : lists.map(mailTarget);
  const targets = [...mail, ...(alerts.webhook.url === null ? [] : [WEBHOOK_TARGET])];
  return [...new Map(targets.map((target) => [target.key, target])).values()];
}

export function mailTarget(to: readonly string[]): Target {
  const sorted = [...new Set(to)].toSorted();
  return { key: `email:${sorted.join(',')}`, channel: 'email', to: sorted };
}

export const WEBHOOK_TARGET: Target = { key: 'webhook', channel: 'webhook', to: [] };

/** An Alertmanager is told of everything that no route keeps from it: it has routes of its own. */
export function isForAlertmanager(finding: Routed, { alerts }: AlertSettings): boolean {
  if (alerts.alertmanager.urls.length === 0) return false;
  return routeOf(finding, alerts.routes)?.channels?.includes('alertmanager') ?? true;
}

function routeOf({ kind, severity, subject }: Routed, routes: readonly AlertRoute[]): AlertRoute | undefined {
  return routes.find(
    ({ severities, stages, kinds }) =>
      (severities.length === 0 || severities.includes(severity)) &&
      (stages.length === 0 || (subject.stage !== undefined && matchesAnyGlob(stages, subject.stage))) &&
      (kinds.length === 0 || matchesAnyGlob(kinds, kind)),
  );
}
