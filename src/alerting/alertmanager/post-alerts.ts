/** Tells one Alertmanager of alerts by its API, version 2. */

import { answerWords } from '../../lib/answer-words.js';
import type { Clock } from '../../lib/clock.js';
import { FetchTextError, fetchText } from '../../lib/fetch-text.js';
import type { AlertState } from './alert-states.js';

export interface PostAlertsOptions {
  /** Of the instance; a path is where it is mounted (`http://host/alertmanager`). */
  readonly url: string;
  readonly alerts: readonly AlertState[];
  /** For links in the Alertmanager's own page. */
  readonly externalUrl: string | null;
  readonly clock: Clock;
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal;
}

/** An open alert that is not told again for this long counts as ended: long enough for a restart of the daemon. */
const HOLDS_FOR_MS = 5 * 60_000;
const CHUNK = 500;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Rejects with FetchTextError; what was told before it failed is told again the next time. */
export async function postAlerts(options: PostAlertsOptions): Promise<void> {
  const { url, alerts, clock, timeLimitMs, signal } = options;
  const target = new URL(url);
  target.pathname = `${target.pathname.replace(/\/$/, '')}/api/v2/alerts`;
  for (let at = 0; at < alerts.length; at += CHUNK) {
    const body = alerts.slice(at, at + CHUNK).map((alert) => renderAlert(alert, options));
    const answer = await fetchText({
      url: target,
      clock,
      timeLimitMs,
      maxBytes: MAX_ANSWER_BYTES,
      post: { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
      ...(signal && { signal }),
    });
    checkAnswer(answer, target);
  }
}

/**
 * An Alertmanager answers with nothing or with JSON. What answers anything else took nothing of it: a proxy that asks
 * for a login says 200, too.
 */
function checkAnswer(answer: string, url: URL): void {
  if (answer.trim() === '' || isJson(answer)) return;
  const said = answerWords(answer, url);
  throw new FetchTextError(
    'content-type',
    `POST ${url.origin}: what answers is no Alertmanager${said === '' ? '' : ` (${said})`}; does a login stand before it?`,
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function renderAlert(alert: AlertState, { clock, externalUrl }: PostAlertsOptions) {
  const { labels, annotations, startsAtMs, endedAtMs } = alert;
  return {
    labels,
    annotations,
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: new Date(endedAtMs ?? clock.nowMs() + HOLDS_FOR_MS).toISOString(),
    ...(externalUrl !== null && { generatorURL: externalUrl }),
  };
}
