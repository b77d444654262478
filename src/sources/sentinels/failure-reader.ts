/** Looks at one failure sentinel and decides whether it is the one that is known, more text of it, or a new one. */

import type { Stats } from 'node:fs';
import { describeError } from '../../lib/describe-error.js';
import type { KnownFailure } from './folder-tree.js';
import type { ObserverIo } from './observer-io.js';
import type { FileIdentity } from './observer-messages.js';
import { parseSentinelContent, type SentinelContent } from './parse-failure.js';

export type FailureLook =
  | { readonly kind: 'known' }
  /** It is empty or half written: look again soon. */
  | { readonly kind: 'unfinished' }
  | {
      readonly kind: 'found';
      readonly identity: FileIdentity;
      readonly content: SentinelContent;
      readonly isContinued: boolean;
      /** It could not be opened; it counts all the same. */
      readonly error?: unknown;
    };

export interface FailureReader {
  look(path: string, stats: Stats, known: KnownFailure | undefined): FailureLook;
}

/** How long a writer that does not rename may take from creating the file to its last byte. */
const UNFINISHED_LIMIT_MS = 300;
/** Text that grows within this time of being seen is still the same failure being written. */
const CONTINUED_LIMIT_MS = 2000;
const MAX_RECENT = 1000;

interface Recent {
  readonly inode: string;
  readonly error: string;
  readonly atMs: number;
}

export function createFailureReader(io: ObserverIo, nowMs: () => number): FailureReader {
  const recent = new Map<string, Recent>();

  function remember(path: string, entry: Recent): void {
    recent.delete(path);
    recent.set(path, entry);
    const oldest = recent.keys().next();
    if (recent.size > MAX_RECENT && !oldest.done) recent.delete(oldest.value);
  }

  return {
    look(path, stats, known) {
      const identity = identityOf(stats);
      if (known?.identity === identity) return { kind: 'known' };
      const { content, error } = readContent(io, path);
      const ageMs = nowMs() - stats.mtimeMs;
      if (content.isUnfinished && error === undefined && ageMs >= 0 && ageMs < UNFINISHED_LIMIT_MS) {
        return { kind: 'unfinished' };
      }
      const inode = inodeOf(stats);
      const last = recent.get(path);
      const isContinued =
        known !== undefined &&
        last?.inode === inode &&
        nowMs() - last.atMs < CONTINUED_LIMIT_MS &&
        content.error.length > last.error.length &&
        content.error.startsWith(last.error);
      remember(path, { inode, error: content.error, atMs: nowMs() });
      return { kind: 'found', identity, content, isContinued, ...(error !== undefined && { error }) };
    },
  };
}

function readContent(
  io: ObserverIo,
  path: string,
): { readonly content: SentinelContent; readonly error?: unknown } {
  try {
    return { content: parseSentinelContent(io.readStart(path)) };
  } catch (error) {
    return { content: { error: `cannot be read: ${describeError(error)}`, isUnfinished: false }, error };
  }
}

/** Inode numbers are used again at once; the time of birth (0 where there is none) tells such files apart. */
function inodeOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}

/** Without the device: a file system that is mounted again may have another number. */
export function identityOf({ ino, birthtimeMs, mtimeMs, size }: Stats): FileIdentity {
  return `${ino}:${birthtimeMs}:${mtimeMs}:${size}`;
}
