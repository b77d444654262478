/** Sorts whatever a read can fail with into the closed set of failure reasons. */

import type { FailureReason } from '../fleet/failure-reason.js';
import { DeadlineError } from '../lib/deadline.js';
import { errorCode } from '../lib/describe-error.js';

/** A failure that already knows its reason, with a message that says what to do where that is known. */
export class SourceError extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SourceError';
    this.reason = reason;
  }
}

const REASON_OF_CODE: Readonly<Record<string, FailureReason>> = {
  ENOENT: 'unreachable',
  ENOTDIR: 'unreachable',
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EACCES: 'permission',
  EPERM: 'permission',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'interrupted',
  ECONNABORTED: 'interrupted',
  EPIPE: 'interrupted',
  ERR_STREAM_PREMATURE_CLOSE: 'interrupted',
};

export function failureReason(error: unknown): FailureReason {
  if (error instanceof SourceError) return error.reason;
  if (error instanceof DeadlineError) return 'timeout';
  return REASON_OF_CODE[errorCode(error) ?? ''] ?? 'protocol';
}
