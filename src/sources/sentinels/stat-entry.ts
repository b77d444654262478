/** Looks at one path and tells apart what is not there from what may not be looked at. */

import type { Stats } from 'node:fs';
import { errorCode } from '../../lib/describe-error.js';
import type { ObserverIo } from './observer-io.js';
import type { ProblemBook } from './problem-book.js';

/** Undefined: not there. `unreadable`: noted as a problem; what is known of it stays. */
export function statEntry(
  io: ObserverIo,
  path: string,
  problems: ProblemBook,
): Stats | undefined | 'unreadable' {
  try {
    return io.lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return undefined;
    problems.add(path, error);
    return 'unreadable';
  }
}
