/** Runs one task an item with at most `limit` in flight. */

/** Resolves when every task has settled; a task that fails rejects the whole only after the others have ended. */
export async function runLimited<T>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let firstFailure: { error: unknown } | undefined;
  async function lane(): Promise<void> {
    for (const item of queue) {
      try {
        await task(item);
      } catch (error) {
        firstFailure ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (firstFailure) throw firstFailure.error;
}
