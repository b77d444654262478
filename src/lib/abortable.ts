/** Lets a caller go on when it is told to stop, whatever becomes of what it waited for. */

/** Settles as `work`, or rejects with `error` when `signal` aborts; nothing stays at the signal. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal, error: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(error());
    const settled =
      <V>(settle: (value: V) => void) =>
      (value: V): void => {
        signal.removeEventListener('abort', onAbort);
        settle(value);
      };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(settled(resolve), settled(reject));
  });
}
