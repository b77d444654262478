/** Estimates quantiles of durations in bounded memory, letting go of the past as new samples come. */

export interface QuantileSketch {
  /** How much the estimate rests on; what has faded counts for less. */
  readonly weight: number;
  /** True when the past was let go of by half for it: what is kept beside it must fade with it. */
  add(durationMs: number): boolean;
  /** Halves all weights. */
  fade(): void;
  /**
   * Upper edge of the bucket that holds the quantile, at most 10 % above the truth; undefined without samples.
   * `longer`: durations of which only a lower bound is known, counted as Kaplan and Meier do; undefined also where
   * too many of those outlast all others for the quantile to be known.
   */
  quantile(share: number, longer?: QuantileSketch): number | undefined;
  /** As JSON: `[bucket, weight]` of those that hold anything. */
  save(): readonly (readonly [number, number])[];
}

/** Buckets grow by this factor, from a tenth of a second to beyond a month. */
const GROWTH = 1.1;
const FIRST_MS = 100;
const BUCKETS = 180;
/** Beyond this weight all is halved: some thousand samples are the stage's present pace, more are its past. */
const MAX_WEIGHT = 4000;
/** Of products of shares. */
const ROUNDING = 1e-9;

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

  /** Kaplan and Meier: what outlasts a bucket thins out those that could still have ended after it. */
  function survivalQuantile(share: number, longer: QuantileSketch): number | undefined {
    const bounds = new Map(longer.save());
    let atRisk = total + longer.weight;
    let surviving = 1;
    for (const [bucket, weight] of weights.entries()) {
      if (weight > 0) surviving *= Math.max(0, 1 - weight / atRisk);
      if (surviving <= 1 - share + ROUNDING) return upperEdge(bucket);
      atRisk -= weight + (bounds.get(bucket) ?? 0);
    }
    return undefined;
  }

  return {
    get weight() {
      return total;
    },
    fade,
    add(durationMs) {
      const bucket = bucketOf(durationMs);
      weights[bucket] = (weights[bucket] ?? 0) + 1;
      total++;
      if (total <= MAX_WEIGHT) return false;
      fade();
      return true;
    },
    quantile(share, longer) {
      if (total <= 0) return undefined;
      if (longer && longer.weight > 0) return survivalQuantile(share, longer);
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
