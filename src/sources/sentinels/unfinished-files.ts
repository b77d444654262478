/** Says how long a file that is empty or half written may still be waited for: by our own sights of it, not by its time. */

export interface UnfinishedFiles {
  /** It was found unfinished; false: its writer has had its time. */
  isEarly(key: string): boolean;
  forget(key: string): void;
}

/** How long a writer that does not rename may take from creating the file to its last byte. */
const LIMIT_MS = 300;
const MAX_REMEMBERED = 1000;

export function createUnfinishedFiles(nowMs: () => number): UnfinishedFiles {
  const firstSeenMs = new Map<string, number>();
  return {
    isEarly(key) {
      const sinceMs = firstSeenMs.get(key) ?? nowMs();
      firstSeenMs.set(key, sinceMs);
      if (firstSeenMs.size > MAX_REMEMBERED) firstSeenMs.delete(firstSeenMs.keys().next().value ?? '');
      const agoMs = nowMs() - sinceMs;
      // A clock that was set back keeps no file waiting.
      return agoMs >= 0 && agoMs < LIMIT_MS;
    },
    forget: (key) => void firstSeenMs.delete(key),
  };
}
