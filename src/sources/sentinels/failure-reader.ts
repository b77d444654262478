/** Looks at one failure sentinel and decides whether it is the one that is known, more text of it, or a new one. */

import type { Stats } from 'node:fs';
import { describeError } from '../../lib/describe-error.js';
import { type KnownFailure, textHash } from './folder-tree.js';
import type { ObserverIo } from './observer-io.js';
import type { FileIdentity } from './observer-messages.js';
import { parseSentinelContent, type SentinelContent } from './parse-failure.js';
import { createUnfinishedFiles } from './unfinished-files.js';

export type FailureLook =
  | { readonly kind: 'known' }
  /** It is empty or half written: look again soon. */
  | { readonly kind: 'unfinished' }
  | {
      readonly kind: 'found';
      readonly identity: FileIdentity;
      readonly stats: Stats;
      readonly content: SentinelContent;
      readonly isContinued: boolean;
      /** It could not be opened; it counts all the same. */
      readonly error?: unknown;
    };

export interface FailureReader {
  look(path: string, how: FailureSight): FailureLook;
}

export interface FailureSight {
  readonly seen: Stats;
  readonly known: KnownFailure | undefined;
  /** It came while everything was being watched, so that it may still be being written. */
  readonly isNewcomer: boolean;
}

/** Text that grows within this time of being seen is still the same failure being written. */
const CONTINUED_LIMIT_MS = 2000;
const MAX_RECENT = 1000;

interface FailureText {
  readonly text: string;
  readonly content: SentinelContent;
  /** Absent where it could not be opened. */
  readonly stats?: Stats;
  readonly error?: unknown;
}

interface Recent {
  readonly inode: string;
  /** Length and hash of the text, in place of the text. */
  readonly length: number;
  readonly hash: number;
  readonly atMs: number;
}

export function createFailureReader(io: ObserverIo, nowMs: () => number): FailureReader {
  const recent = new Map<string, Recent>();
  const unfinished = createUnfinishedFiles(nowMs);

  function remember(path: string, entry: Recent): void {
    recent.delete(path);
    recent.set(path, entry);
    const oldest = recent.keys().next();
    if (recent.size > MAX_RECENT && !oldest.done) recent.delete(oldest.value);
  }

  return {
    look(path, { seen, known, isNewcomer }) {
      if (known?.identity === identityOf(seen)) return { kind: 'known' };
      const { text, content, stats = seen, error } = readContent(io, path);
      const identity = identityOf(stats);
      if (known?.identity === identity) return { kind: 'known' };
      const inode = inodeOf(stats);
      const key = `${inode} ${path}`;
      if (isNewcomer && content.isUnfinished && error === undefined && unfinished.isEarly(key)) {
        return { kind: 'unfinished' };
      }
      unfinished.forget(key);
      const last = recent.get(path);
      const isContinued =
        known !== undefined &&
        last?.inode === inode &&
        nowMs() - last.atMs < CONTINUED_LIMIT_MS &&
        text.length > last.length &&
        textHash(text.slice(0, last.length)) === last.hash;
      remember(path, { inode, length: text.length, hash: textHash(text), atMs: nowMs() });
      return { kind: 'found', identity, stats, content, isContinued, ...(error !== undefined && { error }) };
    },
  };
}

function readContent(io: ObserverIo, path: string): FailureText {
  try {
    const { text, stats } = io.readStart(path);
    return { text, stats, content: parseSentinelContent(text) };
  } catch (error) {
    const content = { error: `cannot be read: ${describeError(error)}`, isUnfinished: false };
    return { text: '', content, error };
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
