/** Decides who is told of a finding: the first route that fits it, else every channel there is. */

import type { AlertRoute } from '../config/alert-routes.js';
import type { Finding, Severity } from '../detectors/finding.js';
import { matchesAnyGlob } from '../lib/glob.js';
import type { AlertSettings } from './alert-settings.js';
import { CHANNEL_KINDS, MESSAGE_CHANNELS } from './all-channels.js';
import type { MessageChannel, Target } from './target.js';

type Routed = Pick<Finding, 'kind' | 'severity' | 'subject'>;

export const SEVERITY_RANKS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** Empty: nobody is told. A channel is not told that it fails itself. */
export function targetsOf(finding: Routed, settings: AlertSettings): readonly Target[] {
  const { alerts } = settings;
  const route = routeOf(finding, alerts.routes);
  if (!route && SEVERITY_RANKS[finding.severity] > SEVERITY_RANKS[alerts.min_severity]) return [];
  const isWanted = (channel: MessageChannel): boolean =>
    (route?.channels?.includes(channel) ?? true) && finding.subject.channel !== channel;
  return MESSAGE_CHANNELS.filter(isWanted).flatMap((name) => targetOn(name, settings, route));
}

/** Everybody whom the configuration names; who is not among them is told nothing more. */
export function currentTargets(settings: AlertSettings): readonly Target[] {
  const routes = [undefined, ...settings.alerts.routes];
  const targets = MESSAGE_CHANNELS.flatMap((name) =>
    routes.flatMap((route) => targetOn(name, settings, route)),
  );
  return [...new Map(targets.map((target) => [target.key, target])).values()];
}

function targetOn(
  name: MessageChannel,
  { alerts }: AlertSettings,
  route: AlertRoute | undefined,
): readonly Target[] {
  const kind = CHANNEL_KINDS[name];
  const target = kind.isOn(alerts) ? kind.targetOf(alerts, route) : undefined;
  return target ? [target] : [];
}

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
