/** Sends a message that says it is a test, by one channel as it is configured. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../lib/clock.js';
import { describeError } from '../lib/describe-error.js';
import { scrubCredentials } from '../lib/scrub.js';
import type { AlertSettings } from './alert-settings.js';
import { currentTargets } from './alert-target.js';
import { postAlerts } from './alertmanager/post-alerts.js';
import { CHANNEL_KINDS, createChannel } from './all-channels.js';
import type { DeliveryResult } from './delivery.js';
import { type MessageView, senderOn } from './message-view.js';
import type { Target } from './target.js';

export interface TestTarget {
  /** For people: `mail to ops@example.com`. */
  readonly title: string;
  readonly target: Target | { readonly alertmanagerUrl: string };
}

/** An Alertmanager forgets the test after so long. */
const TEST_ALERT_MS = 60_000;

export function describeTargets(settings: AlertSettings): readonly TestTarget[] {
  const messages = currentTargets(settings).map((target) => ({
    title: CHANNEL_KINDS[target.channel].titleOf(target),
    target,
  }));
  const alertmanagers = settings.alerts.alertmanager.urls.map((url) => ({
    title: `alertmanager ${scrubCredentials(url)}`,
    target: { alertmanagerUrl: url },
  }));
  return [...messages, ...alertmanagers];
}

/** The problem in words, or undefined when it was taken. */
export async function sendTestNotification(
  { target }: TestTarget,
  settings: AlertSettings,
  clock: Clock,
): Promise<string | undefined> {
  if ('alertmanagerUrl' in target) return postTest(target.alertmanagerUrl, settings, clock);
  const id = `test.${randomUUID()}`;
  const channel = createChannel(target.channel, settings, clock);
  const message = { id, threadId: id, to: target.to, view: testView(settings), createdAtMs: clock.nowMs() };
  return problemOf(await channel.deliver(message, new AbortController().signal));
}

async function postTest(url: string, { alerts }: AlertSettings, clock: Clock): Promise<string | undefined> {
  const nowMs = clock.nowMs();
  const labels = { alertname: 'StagewatchTest', severity: 'info', host: hostname() };
  const annotations = { summary: 'A test of stagewatch: nothing is wrong.' };
  const alert = { labels, annotations, startsAtMs: nowMs, endedAtMs: nowMs + TEST_ALERT_MS };
  try {
    const { time_limit: timeLimitMs } = alerts.alertmanager;
    await postAlerts({ url, alerts: [alert], externalUrl: alerts.external_url, clock, timeLimitMs });
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

function testView({ alerts }: AlertSettings): MessageView {
  return {
    tone: 'info',
    label: 'test',
    subject: `[test] stagewatch on ${hostname()} can reach you`,
    title: `stagewatch on ${hostname()} can reach you`,
    lead: ['This is a test: nothing is wrong. Somebody ran stagewatch test-notification.'],
    sections: [],
    links: alerts.external_url === null ? [] : [{ title: 'stagewatch', url: alerts.external_url }],
    sender: senderOn(hostname()),
  };
}

function problemOf(result: DeliveryResult): string | undefined {
  if (result.kind !== 'sent') return result.problem;
  const left = [...result.refused, ...result.later].map(({ to, problem }) => `${to}: ${problem}`);
  return left.length > 0 ? left.join('; ') : undefined;
}
