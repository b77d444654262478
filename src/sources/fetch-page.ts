/** Reads a page for a source: as fetchText, with failures sorted into the reasons of a source. */

import type { FailureReason } from '../fleet/failure-reason.js';
import { errorCode } from '../lib/describe-error.js';
import { FetchTextError, type FetchTextOptions, fetchText } from '../lib/fetch-text.js';
import { failureReason, SourceError } from './source-error.js';

/** Rejects with SourceError. */
export async function fetchPage(options: FetchTextOptions): Promise<string> {
  try {
    return await fetchText(options);
  } catch (error) {
    if (!(error instanceof FetchTextError)) throw error;
    throw new SourceError(reasonOf(error), error.message, { cause: error.cause });
  }
}

function reasonOf(error: FetchTextError): FailureReason {
  switch (error.kind) {
    case 'no-answer':
      return reasonOfNoAnswer(error);
    case 'timeout':
      return 'timeout';
    case 'aborted':
    case 'cut-off':
      return 'interrupted';
    case 'status':
      return error.status === 401 || error.status === 403 ? 'permission' : 'rejected';
    case 'redirect':
      return 'rejected';
    case 'content-type':
    case 'too-large':
      return 'protocol';
  }
}

/** fetch has codes of its own beside those of the system. */
function reasonOfNoAnswer(error: FetchTextError): FailureReason {
  const code = errorCode(error);
  if (code === undefined) return 'unreachable';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
  return code === 'UND_ERR_SOCKET' ? 'interrupted' : failureReason(error);
}
