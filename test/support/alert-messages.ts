/** Messages for tests of channels, decided by the book as in the daemon. */

import { reviewAlerts } from '../../src/alerting/alert-book.js';
import { NO_MEMORY } from '../../src/alerting/alert-memory.js';
import type { AlertSettings } from '../../src/alerting/alert-settings.js';
import type { OutgoingMessage } from '../../src/alerting/delivery.js';
import { type MessageNotes, viewMessage } from '../../src/alerting/message-view.js';
import type { Notification } from '../../src/alerting/notification.js';
import type { Finding } from '../../src/detectors/finding.js';
import { settingsWith, T0 } from './alert-findings.js';

export const NO_NOTES: MessageNotes = { of: new Map(), ends: new Map(), host: 'dgx-01' };

export interface NotificationsOptions {
  readonly settings?: AlertSettings;
  /** What is open at each minute from the beginning. */
  readonly minutes: readonly (readonly Finding[])[];
}

/** Everything that was decided meanwhile, in its order. */
export function notificationsOf({
  settings = settingsWith(),
  minutes,
}: NotificationsOptions): readonly Notification[] {
  const all: Notification[] = [];
  let memory = NO_MEMORY;
  minutes.forEach((open, minute) => {
    for (const second of [0, 30]) {
      const { decided, memory: next } = reviewAlerts(memory, {
        findings: new Map(open.map((finding) => [finding.id, finding])),
        isSilenced: () => false,
        settings,
        nowMs: T0 + minute * 60_000 + second * 1000,
        isUnderWay: () => false,
      });
      memory = { ...next, outbox: [] };
      all.push(...decided);
    }
  });
  return all;
}

export function outgoing(
  notification: Notification,
  {
    notes = NO_NOTES,
    settings = settingsWith(),
  }: { readonly notes?: MessageNotes; readonly settings?: AlertSettings } = {},
): OutgoingMessage {
  const { id, threadId, target, createdAtMs } = notification;
  const view = viewMessage(notification, notes, settings);
  return { id, threadId, to: target.to, view, notification, createdAtMs };
}

/** The first message about what is open. */
export function firstMessage(
  open: readonly Finding[],
  options: { readonly notes?: MessageNotes; readonly settings?: AlertSettings } = {},
): OutgoingMessage {
  const [notification] = notificationsOf({
    minutes: [open],
    ...(options.settings && { settings: options.settings }),
  });
  if (!notification) throw new Error('nothing was decided');
  return outgoing(notification, options);
}
