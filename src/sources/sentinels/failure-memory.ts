/** Decides whether a failure sentinel is new, over restarts of the daemon and over mounts that come and go. */

import type { FileIdentity } from './observer-messages.js';

export interface FailureMemory {
  /** Files that came before this are old unless it is known better. Unix milliseconds. */
  readonly newSinceMs: number;
  /** The same for a thread that is started now: what came before the last look is known. */
  readonly seenUntilMs: number;
  /** How far the file server's clock was ahead when it was last known. */
  readonly fileAheadMs: number | undefined;
  judge(path: string, identity: FileIdentity, writtenAtMs: number): Judgement;
  /** The same failure, with more of its text. */
  continued(path: string, identity: FileIdentity): void;
  /** Everything was looked at, in a look that began at `atMs`. */
  looked(atMs: number, fileAheadMs?: number): void;
  /** False until the very first look is over: half of it, stored, would make the other half new in the next life. */
  isWorthKeeping(): boolean;
  toStored(): object;
}

export interface Judgement {
  readonly isNew: boolean;
  readonly firstSeenAtMs: number;
}

export interface FailureMemoryOptions {
  /** What the last life stored; of any shape. */
  readonly stored: unknown;
  /** What it noted after that; of any shape. */
  readonly notes?: readonly unknown[];
  /** Keeps a fact until the whole is stored again. */
  readonly note?: (value: unknown) => void;
  /** What is watched: memories of another root or pattern do not apply. */
  readonly key: string;
  readonly nowMs: () => number;
}

interface Remembered {
  readonly identity: FileIdentity;
  readonly firstSeenAtMs: number;
}

/** Also remembered when they are gone, so that a volume mounted again brings nothing new. */
const MAX_REMEMBERED = 20_000;
/** Clocks of file systems are coarse, and those of file servers a little off. */
const CLOCK_SLACK_MS = 2000;

export function createFailureMemory(options: FailureMemoryOptions): FailureMemory {
  const { stored, notes = [], note, key, nowMs } = options;
  const last = parseStored(stored, key);
  const remembered = new Map<string, Remembered>([...(last?.failures ?? []), ...parseNotes(notes, key)]);
  const newSinceMs = last ? last.lookedAtMs - CLOCK_SLACK_MS : nowMs();
  const isFirstLife = last === undefined;
  let hasLooked = false;
  let hasForgotten = remembered.size >= MAX_REMEMBERED;
  let lookedAtMs = last?.lookedAtMs ?? newSinceMs;
  let fileAheadMs = last?.fileAheadMs;

  function remember(path: string, entry: Remembered): void {
    // Deleted first, so that the map's order is the order of being seen.
    remembered.delete(path);
    remembered.set(path, entry);
    if (!isFirstLife || hasLooked) note?.({ key, failure: [path, entry.identity, entry.firstSeenAtMs] });
    const oldest = remembered.keys().next();
    if (remembered.size > MAX_REMEMBERED && !oldest.done) {
      remembered.delete(oldest.value);
      hasForgotten = true;
    }
  }

  function isOld(writtenAtMs: number): boolean {
    // What stood before the very first look is not new, and what may have been forgotten is judged by its time.
    return ((isFirstLife && !hasLooked) || hasForgotten) && writtenAtMs < newSinceMs;
  }

  return {
    newSinceMs,
    get seenUntilMs() {
      return hasLooked ? lookedAtMs - CLOCK_SLACK_MS : newSinceMs;
    },
    get fileAheadMs() {
      return fileAheadMs;
    },
    judge(path, identity, writtenAtMs) {
      const known = remembered.get(path);
      if (known?.identity === identity) return { isNew: false, firstSeenAtMs: known.firstSeenAtMs };
      const firstSeenAtMs = nowMs();
      remember(path, { identity, firstSeenAtMs });
      return { isNew: known !== undefined || !isOld(writtenAtMs), firstSeenAtMs };
    },
    continued(path, identity) {
      const known = remembered.get(path);
      if (known) remember(path, { ...known, identity });
    },
    looked(atMs, aheadMs) {
      hasLooked = true;
      lookedAtMs = atMs;
      fileAheadMs = aheadMs ?? fileAheadMs;
    },
    isWorthKeeping: () => !isFirstLife || hasLooked,
    toStored: () => ({
      key,
      lookedAtMs,
      ...(fileAheadMs !== undefined && { fileAheadMs }),
      failures: [...remembered].map(([path, { identity, firstSeenAtMs }]) => [path, identity, firstSeenAtMs]),
    }),
  };
}

interface Stored {
  readonly lookedAtMs: number;
  readonly fileAheadMs?: number;
  readonly failures: readonly (readonly [string, Remembered])[];
}

function parseStored(value: unknown, key: string): Stored | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { key: storedKey, lookedAtMs, fileAheadMs, failures } = value as Record<string, unknown>;
  if (storedKey !== key || typeof lookedAtMs !== 'number' || !Array.isArray(failures)) return undefined;
  return {
    lookedAtMs,
    ...(typeof fileAheadMs === 'number' && { fileAheadMs }),
    failures: failures.slice(-MAX_REMEMBERED).flatMap(parseRemembered),
  };
}

function parseNotes(notes: readonly unknown[], key: string): readonly (readonly [string, Remembered])[] {
  return notes.flatMap((note) => {
    if (typeof note !== 'object' || note === null) return [];
    const { key: notedKey, failure } = note as Record<string, unknown>;
    return notedKey === key ? parseRemembered(failure) : [];
  });
}

function parseRemembered(entry: unknown): readonly (readonly [string, Remembered])[] {
  if (!Array.isArray(entry)) return [];
  const [path, identity, firstSeenAtMs] = entry as unknown[];
  if (typeof path !== 'string' || typeof identity !== 'string' || typeof firstSeenAtMs !== 'number')
    return [];
  return [[path, { identity, firstSeenAtMs }]];
}
