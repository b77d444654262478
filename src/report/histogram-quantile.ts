/** Reads a quantile off a histogram, straight between two bounds, as Prometheus does. */

/** `counts`: up to each bound and above the one before, the last above all. Null: nothing was observed. */
export function quantileOf(
  quantile: number,
  bounds: readonly number[],
  counts: readonly number[],
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0 || bounds.length === 0) return null;
  const rank = quantile * total;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (below + count >= rank && count > 0) {
      const upper = bounds[index];
      // Above all bounds: no more is known than that.
      if (upper === undefined) return bounds.at(-1) ?? null;
      const lower = index === 0 ? 0 : (bounds[index - 1] ?? 0);
      return lower + (upper - lower) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-1) ?? null;
}
