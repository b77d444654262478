/** The JSON envelope of the API, the same as Prometheus uses. */

import type { Response } from 'express';
import type { UnsentAnswers } from './unsent-answers.js';

export type ErrorType =
  | 'not_found'
  | 'forbidden'
  | 'unauthorized'
  | 'bad_data'
  | 'misdirected'
  | 'too_many_requests'
  | 'unavailable'
  | 'internal';

const STATUS_OF: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  misdirected: 421,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503,
};

export function sendSuccess(response: Response, data: unknown): void {
  response.json({ status: 'success', data });
}

/** An answer that may have megabytes. */
export function sendLarge(response: Response, data: unknown, unsent: UnsentAnswers): void {
  response.set('content-type', 'application/json; charset=utf-8');
  unsent.send(response, Buffer.from(JSON.stringify({ status: 'success', data })));
}

export function sendError(response: Response, errorType: ErrorType, error: string): void {
  response.status(STATUS_OF[errorType]).json({ status: 'error', errorType, error });
}
