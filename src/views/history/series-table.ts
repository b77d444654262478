/** Samples of many series over one time axis, the oldest first; bounded, and a series that is no longer told is forgotten. */

export interface SeriesTable<Field extends string> {
  /** Unix milliseconds of the samples that are held. */
  times(): readonly number[];
  keys(): readonly string[];
  /** As long as `times`; NaN where nothing was known. Empty for a key that is not held. */
  values(key: string, field: Field): readonly number[];
  /** One sample of every series there is now; a field that is left out is not known. */
  add(atMs: number, rows: ReadonlyMap<string, Readonly<Partial<Record<Field, number>>>>): void;
}

export function createSeriesTable<Field extends string>(
  fields: readonly Field[],
  capacity: number,
): SeriesTable<Field> {
  const times = new Float64Array(capacity);
  const series = new Map<string, ReadonlyMap<Field, Float64Array>>();
  let added = 0;

  function inOrder(ring: Float64Array): number[] {
    const held = Math.min(added, capacity);
    return Array.from({ length: held }, (_, index) => ring[(added - held + index) % capacity] ?? Number.NaN);
  }

  function seriesOf(key: string): ReadonlyMap<Field, Float64Array> {
    const known = series.get(key);
    if (known) return known;
    const fresh = new Map(fields.map((field) => [field, new Float64Array(capacity).fill(Number.NaN)]));
    series.set(key, fresh);
    return fresh;
  }

  return {
    times: () => inOrder(times),
    keys: () => [...series.keys()],
    values(key, field) {
      const ring = series.get(key)?.get(field);
      return ring ? inOrder(ring) : [];
    },
    add(atMs, rows) {
      for (const key of series.keys()) if (!rows.has(key)) series.delete(key);
      const slot = added % capacity;
      times[slot] = atMs;
      for (const [key, row] of rows) {
        for (const [field, ring] of seriesOf(key)) ring[slot] = row[field] ?? Number.NaN;
      }
      added++;
    },
  };
}
