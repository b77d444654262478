/** Posts messages to a webhook as JSON, signed so that the receiver knows who sent them and that they are fresh. */

import { createHmac } from 'node:crypto';
import type { AlertsConfig } from '../../config/alerts-section.js';
import { answerWords, isLoginPage } from '../../lib/answer-words.js';
import type { Clock } from '../../lib/clock.js';
import { describeError } from '../../lib/describe-error.js';
import { FetchTextError, fetchText } from '../../lib/fetch-text.js';
import type { Channel, DeliveryResult, OutgoingMessage } from '../delivery.js';
import { renderGeneric } from './render-generic.js';
import { renderSlack } from './render-slack.js';

export type WebhookConfig = AlertsConfig['webhook'];

const MAX_ANSWER_BYTES = 64 * 1024;
/** The request itself will never be taken: not its address, nor who sends it, nor how often. */
const REJECTING = new Set([400, 413, 415, 422]);
/** Somebody must change something first. */
const BLOCKING = new Set([401, 403, 404, 405, 410]);

export function createWebhookChannel(config: WebhookConfig, clock: Clock): Channel {
  return {
    deliver: async (message, signal) => {
      try {
        await post(message, { config, clock, signal });
        return { kind: 'sent', refused: [], later: [] };
      } catch (error) {
        return classify(error);
      }
    },
  };
}

interface PostContext {
  readonly config: WebhookConfig;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function post(message: OutgoingMessage, { config, clock, signal }: PostContext): Promise<void> {
  const { url, secret, template, time_limit } = config;
  const body = JSON.stringify(template === 'slack' ? renderSlack(message.view) : renderGeneric(message));
  const answer = await fetchText({
    url: url ?? '',
    // Its path is a secret with many receivers.
    name: 'the webhook',
    clock,
    timeLimitMs: time_limit,
    maxBytes: MAX_ANSWER_BYTES,
    signal,
    post: {
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'stagewatch',
        'x-stagewatch-delivery': message.id,
        ...(secret !== null && { 'x-stagewatch-signature': signBody(body, secret, clock.nowMs()) }),
      },
    },
  });
  if (isLoginPage(answer)) {
    const said = answerWords(answer, new URL(url ?? ''));
    throw new FetchTextError(
      'content-type',
      `POST the webhook: answered with a page that asks for a password (${said})`,
    );
  }
}

/** `t=<Unix seconds>,v1=<hex>`: HMAC-SHA256 of `<Unix seconds>.<body>`, so that an old message cannot be sent again. */
export function signBody(body: string, secret: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}

function classify(error: unknown): DeliveryResult {
  const problem = describeError(error);
  if (!(error instanceof FetchTextError)) return { kind: 'transient', problem };
  const { kind, status = 0, retryAfterMs } = error;
  // It was taken: what is said beside the status is nobody's concern.
  if (kind === 'too-large' || kind === 'cut-off') return { kind: 'sent', refused: [], later: [] };
  if (kind === 'redirect' || kind === 'content-type' || BLOCKING.has(status))
    return { kind: 'blocked', problem };
  if (REJECTING.has(status)) return { kind: 'rejected', problem };
  return { kind: 'transient', problem, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
