/** One line for an error and its causes, with credentials removed and its length bounded. */

import { scrubCredentials } from './scrub.js';

const MAX_LENGTH = 500;
/** Cut before credentials are removed, well behind what is kept, so that no cut leaves half of them. */
const MAX_SCRUBBED = 4000;
/** fetch wraps every failure in these words, which say nothing. */
const FETCH_FAILED = 'fetch failed';

/** `outer: cause: deeper cause`; never throws, whatever was thrown. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth++) {
    const message = current instanceof Error ? current.message || current.name : String(current);
    const cause = current instanceof Error ? current.cause : undefined;
    const isEmpty = message === FETCH_FAILED && cause !== undefined;
    if (!isEmpty && !parts.some((part) => part.includes(message))) parts.push(message);
    current = cause;
  }
  const line =
    scrubCredentials(parts.join(': ').slice(0, MAX_SCRUBBED)).replaceAll(/\s+/g, ' ').trim() ||
    'unknown error';
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1)}…` : line;
}

/** The system's or library's error code (`ENOENT`, `ECONNREFUSED`), looked up through the chain of causes. */
export function errorCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    current = current.cause;
  }
  return undefined;
}

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

/** Why a file that somebody named could not be read, in words. */
export function describeReadError(error: unknown): string {
  return READ_PROBLEMS[errorCode(error) ?? ''] ?? describeError(error);
}
