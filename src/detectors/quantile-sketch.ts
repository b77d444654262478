/** Estimates quantiles of durations in bounded memory, letting go of the past as new samples come. */

export interface QuantileSketch {
  /** How much the estimate rests on; what has faded counts for less. */
  readonly weight: number;
  add(durationMs: number): void;
  /** Upper edge of the bucket that holds the quantile, at most 10 % above the truth; undefined without samples. */
  quantile(share: number): number | undefined;
  /** As JSON: `[bucket, weight]` of those that hold anything. */
  save(): readonly (readonly [number, number])[];
}

/** Buckets grow by this factor, from a tenth of a second to beyond a month. */
const GROWTH = 1.1;
const FIRST_MS = 100;
const BUCKETS = 180;
/** Beyond this weight all is halved: some thousand samples are the stage's present pace, more are its past. */
const MAX_WEIGHT = 4000;

export function createQuantileSketch(saved: readonly (readonly [number, number])[] = []): QuantileSketch {
  const weights = new Float64Array(BUCKETS);
  let total = 0;
  for (const [bucket, weight] of saved) {
    if (!Number.isInteger(bucket) || bucket < 0 || bucket >= BUCKETS) continue;
    if (!Number.isFinite(weight) || weight <= 0) continue;
    weights[bucket] = (weights[bucket] ?? 0) + weight;
    total += weight;
  }

  function fade(): void {
    total = 0;
    for (const [bucket, weight] of weights.entries()) {
      weights[bucket] = weight / 2;
      total += weight / 2;
    }
  }

  return {
    get weight() {
      return total;
    },
    add(durationMs) {
      const bucket = bucketOf(durationMs);
      weights[bucket] = (weights[bucket] ?? 0) + 1;
      total++;
      if (total > MAX_WEIGHT) fade();
    },
    quantile(share) {
      if (total <= 0) return undefined;
      let sum = 0;
      for (const [bucket, weight] of weights.entries()) {
        sum += weight;
        if (sum >= share * total) return upperEdge(bucket);
      }
      return upperEdge(BUCKETS - 1);
    },
    save() {
      return [...weights.entries()]
        .filter(([, weight]) => weight > 0)
        .map(([bucket, weight]) => [bucket, Math.round(weight * 1000) / 1000] as const);
    },
  };
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > FIRST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(durationMs / FIRST_MS) / Math.log(GROWTH)));
}

function upperEdge(bucket: number): number {
  return FIRST_MS * GROWTH ** bucket;
}
