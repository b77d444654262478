/**
 * An AbortController that a longer-lived signal aborts too, until it is released.
 *
 * `AbortSignal.any` leaves a reference at the long-lived signal for each call, and lives as long as it has a listener:
 * what is called every second for weeks would grow all that time.
 */

export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  /** Once the work is over, however it ended. */
  release(): void;
}

export function linkAbort(parent: AbortSignal): LinkedAbort {
  const own = new AbortController();
  const follow = (): void => own.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    release: () => parent.removeEventListener('abort', follow),
  };
}
