/** The routes of recovery: what it decides, and a restart by hand. */

import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import type { Clock } from '../lib/clock.js';
import type { Recovery } from '../recovery/recovery.js';
import { sendError, sendSuccess } from './api-envelope.js';
import type { Door } from './door/door.js';
import { renderHandAnswer, renderRecovery } from './recovery-json.js';

export interface RecoveryRoutesOptions {
  readonly recovery: Pick<Recovery, 'picture' | 'restartByHand'>;
  readonly clock: Clock;
  readonly door: Pick<Door, 'act'>;
}

const MAX_BODY = '16kb';
const MAX_TEXT = 200;

export function addRecoveryRoutes(app: Express, { recovery, clock, door }: RecoveryRoutesOptions): void {
  app.get('/api/v1/recovery', (_request, response) =>
    sendSuccess(response, renderRecovery(recovery.picture, clock.nowMs())),
  );
  app.post(
    '/api/v1/containers/:name/restart',
    door.act,
    express.json({ limit: MAX_BODY, type: () => true }),
    refuseBadBody,
    async (request: Request, response: Response) => {
      const name = String(request.params['name']);
      const asked = readRequest(request.body ?? {});
      if ('problem' in asked) {
        sendError(response, 'bad_data', asked.problem);
        return;
      }
      const answer = await recovery.restartByHand({ container: name, ...asked });
      if (answer) sendSuccess(response, renderHandAnswer(answer));
      else sendError(response, 'not_found', `no worker's container is called ${name.slice(0, MAX_TEXT)}`);
    },
  );
}

/** What the body's parser throws is the caller's mistake, not ours. */
const refuseBadBody: ErrorRequestHandler = (_error, _request, response, _next) => {
  sendError(response, 'bad_data', `the body: expected JSON of at most ${MAX_BODY}`);
};

interface HandBody {
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly by: string;
  readonly why: string;
}

function readRequest(body: unknown): HandBody | { readonly problem: string } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { problem: 'expected a JSON object like {"dryRun": true, "by": "ada", "why": "hangs in CUDA"}' };
  }
  const fields = body as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((key) => !(key in KINDS));
  if (unknown !== undefined)
    return { problem: `unknown field ${unknown.slice(0, 40)}; known: ${Object.keys(KINDS).join(', ')}` };
  for (const [key, kind] of Object.entries(KINDS)) {
    const value = fields[key];
    if (value !== undefined && typeof value !== kind) return { problem: `${key}: expected a ${kind}` };
  }
  return {
    isDryRun: fields['dryRun'] === true,
    isForced: fields['force'] === true,
    by: readText(fields['by'], 'somebody through the API'),
    why: readText(fields['why'], 'no reason given'),
  };
}

const KINDS: Readonly<Record<string, 'boolean' | 'string'>> = {
  dryRun: 'boolean',
  force: 'boolean',
  by: 'string',
  why: 'string',
};

/** Of one line and bounded: it goes into the journal, logs and mails. */
function readText(value: unknown, otherwise: string): string {
  if (typeof value !== 'string') return otherwise;
  return value.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_TEXT) || otherwise;
}
