/** Silences and notifications over HTTP: who is told of what, why not, and asking for quiet. */

import express, { type RequestHandler, Router } from 'express';
import type { Alerting } from '../alerting/alerting.js';
import { parseSilence } from '../alerting/parse-silence.js';
import { fitsSilence, isActive, type Silence } from '../alerting/silence.js';
import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { Clock } from '../lib/clock.js';
import { sendError, sendSuccess } from './api-envelope.js';
import type { Door } from './door/door.js';
import { toIso } from './iso-time.js';
import { renderNotifications } from './notifications-json.js';

export type AlertingView = Pick<Alerting, 'silences' | 'standings' | 'outbox' | 'channels'>;

export interface SilenceRoutesOptions {
  readonly alerting: AlertingView;
  readonly verdicts: () => Pick<Verdicts, 'findings'>;
  readonly fleet: Pick<Fleet, 'stages' | 'workers'>;
  readonly door: Pick<Door, 'act'>;
  readonly clock: Clock;
}

const MAX_BODY = '16kb';

export function silenceRoutes({ alerting, verdicts, fleet, door, clock }: SilenceRoutesOptions): Router {
  const { silences } = alerting;
  const router = Router();
  const guard = door.act;
  const body = jsonBody();

  /** Open findings that it keeps quiet: none may mean that a name was mistyped. */
  function countFits(silence: Silence): number {
    return [...verdicts().findings.values()].filter((finding) => fitsSilence(finding, silence)).length;
  }

  router.get('/api/v1/silences', (_request, response) => {
    sendSuccess(
      response,
      silences.list().map((silence) => renderSilence(silence, clock.nowMs())),
    );
  });
  router.get('/api/v1/notifications', (_request, response) => {
    sendSuccess(response, renderNotifications(alerting));
  });
  router.post('/api/v1/silences', guard, body, (request, response) => {
    const asked = parseSilence(request.body, { stage: stagesOf(fleet) });
    if ('problem' in asked) {
      sendError(response, 'bad_data', asked.problem);
      return;
    }
    const silence = silences.add(asked);
    if (silence)
      sendSuccess(response, { ...renderSilence(silence, clock.nowMs()), fitsOpen: countFits(silence) });
    else sendError(response, 'bad_data', 'there are too many silences; expire some, or use name patterns');
  });
  router.post('/api/v1/silences/:id/expire', guard, body, (request, response) => {
    const { by } = (request.body ?? {}) as { readonly by?: unknown };
    const silence = silences.expire(
      String(request.params['id']),
      typeof by === 'string' ? by.slice(0, 200) : '',
    );
    if (silence) sendSuccess(response, renderSilence(silence, clock.nowMs()));
    else sendError(response, 'not_found', 'no silence of this id is active; GET /api/v1/silences lists them');
  });
  return router;
}

/** Those of the configuration, and those that workers serve. */
function stagesOf({ stages, workers }: Pick<Fleet, 'stages' | 'workers'>): readonly string[] {
  const served = [...workers.values()].flatMap(({ stage }) => stage ?? []);
  return [...new Set([...stages.keys(), ...served])];
}

/** What is no JSON is the sender's mistake, and told as one. */
function jsonBody(): RequestHandler {
  const parse = express.json({ limit: MAX_BODY, strict: true });
  return (request, response, next) => {
    parse(request, response, (error?: unknown) => {
      if (error === undefined) next();
      else sendError(response, 'bad_data', `expected JSON of at most ${MAX_BODY}`);
    });
  };
}

export function renderSilence(silence: Silence, nowMs: number) {
  const { id, matchers, startsAtMs, endsAtMs, by, comment } = silence;
  const times = { startsAt: toIso(startsAtMs), endsAt: toIso(endsAtMs) };
  return { id, matchers, ...times, by, comment, isActive: isActive(silence, nowMs) };
}
