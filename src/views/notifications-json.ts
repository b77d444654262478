/** What was decided about each group of findings, what waits to be delivered, and which channels deliver. */

import type { Alerting } from '../alerting/alerting.js';
import { toIso } from './iso-time.js';

/** `decision` is `send`, or `none` with the reason why nobody is told now. */
export function renderNotifications({
  standings,
  outbox,
  channels,
}: Pick<Alerting, 'standings' | 'outbox' | 'channels'>) {
  return {
    groups: standings.map(({ target, kind, scope, openCount, decision }) => ({
      channel: target.channel,
      to: target.to,
      kind,
      scope,
      open: openCount,
      decision: decision.kind,
      reason: decision.reason,
    })),
    waiting: outbox.map(({ id, target, reason, kind, createdAtMs }) => ({
      id,
      channel: target.channel,
      to: target.to,
      reason,
      kind,
      createdAt: toIso(createdAtMs),
    })),
    channels: [...channels].map(([name, { counts, failure }]) => ({
      name,
      ...counts,
      failingSince: failure ? toIso(failure.sinceMs) : null,
      problem: failure?.problem ?? null,
    })),
  };
}
