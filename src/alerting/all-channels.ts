/** Every channel that sends messages: when it is enabled, its recipients, and how it is created. A missing entry does not compile. */

import type { AlertRoute } from '../config/alert-routes.js';
import type { Clock } from '../lib/clock.js';
import type { AlertSettings } from './alert-settings.js';
import type { Channel } from './delivery.js';
import { createSmtpChannel } from './email/smtp-channel.js';
import { type MessageChannel, mailTarget, type Target } from './target.js';
import { createWebhookChannel } from './webhook/webhook-channel.js';

type Alerts = AlertSettings['alerts'];

export interface ChannelKind {
  isOn(alerts: Alerts): boolean;
  /** Recipients of a route, or of findings that match no route; undefined: none. */
  targetOf(alerts: Alerts, route: AlertRoute | undefined): Target | undefined;
  create(alerts: Alerts, clock: Clock): Channel;
  /** For people: `mail to ops@example.com`. */
  titleOf(target: Target): string;
}

export const CHANNEL_KINDS: Readonly<Record<MessageChannel, ChannelKind>> = {
  email: {
    isOn: ({ email }) => email.smtp_url !== null,
    targetOf({ email }, route) {
      const to = route && route.to.length > 0 ? route.to : email.to;
      return to.length > 0 ? mailTarget(to) : undefined;
    },
    create: ({ email }, clock) => createSmtpChannel(email, clock),
    titleOf: ({ to }) => `mail to ${to.join(', ')}`,
  },
  webhook: {
    isOn: ({ webhook }) => webhook.url !== null,
    targetOf: () => ({ key: 'webhook', channel: 'webhook', to: [] }),
    create: ({ webhook }, clock) => createWebhookChannel(webhook, clock),
    titleOf: () => 'the webhook',
  },
};

export const MESSAGE_CHANNELS = Object.keys(CHANNEL_KINDS) as readonly MessageChannel[];

export function isMessageChannel(name: unknown): name is MessageChannel {
  return typeof name === 'string' && Object.hasOwn(CHANNEL_KINDS, name);
}

/** Made anew for each message: a reload may have changed everything about it. */
export function createChannel(name: MessageChannel, { alerts }: AlertSettings, clock: Clock): Channel {
  const kind = CHANNEL_KINDS[name];
  return kind.isOn(alerts) ? kind.create(alerts, clock) : NO_CHANNEL;
}

const NO_CHANNEL: Channel = {
  deliver: () => Promise.resolve({ kind: 'rejected', problem: 'the channel is not configured any more' }),
};
