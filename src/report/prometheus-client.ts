/** Asks a Prometheus: instant and range queries, never more points than it gives, and in words why there is no answer. */

import type { Clock } from '../lib/clock.js';
import { describeError } from '../lib/describe-error.js';
import { FetchTextError, type FetchTextOptions, fetchText } from '../lib/fetch-text.js';
import type { SeriesPoint, TimeRange } from './run-facts.js';

export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly SeriesPoint[];
}

export type PrometheusAnswer =
  | { readonly kind: 'ok'; readonly series: readonly PrometheusSeries[] }
  | { readonly kind: 'failed'; readonly problem: string };

export interface PrometheusClient {
  /** The value at a moment; never rejects. */
  query(expression: string, atMs: number): Promise<PrometheusAnswer>;
  queryRange(expression: string, range: TimeRange, stepMs: number): Promise<PrometheusAnswer>;
}

/** Prometheus refuses a range query of more points a series. */
const MAX_POINTS = 11_000;
/** As many as a chart can show. */
const WANTED_POINTS = 360;
const MIN_STEP_MS = 15_000;
const TIME_LIMIT_MS = 60_000;
const MAX_BYTES = 128 * 1024 * 1024;

/** A step that a clock shows, such that the range has about as many points as wanted, and never too many. */
export function chooseStepMs({ fromMs, toMs }: TimeRange): number {
  const least = Math.max(MIN_STEP_MS, (toMs - fromMs) / WANTED_POINTS);
  const nice = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400].map(
    (s) => s * 1000,
  );
  const step = nice.find((one) => one >= least) ?? Math.ceil(least / 86_400_000) * 86_400_000;
  return Math.max(step, Math.ceil((toMs - fromMs) / (MAX_POINTS - 1)));
}

/** Certificates and credentials, where it asks for them. */
export type PrometheusAccess = Pick<FetchTextOptions, 'fetch' | 'headers'>;

/** Rejects a URL that is none by throwing TypeError. */
export function createPrometheusClient(
  base: string,
  clock: Clock,
  access: PrometheusAccess = {},
): PrometheusClient {
  const url = new URL(base);

  async function ask(what: string, parameters: Readonly<Record<string, string>>): Promise<PrometheusAnswer> {
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/${what}`;
    target.search = new URLSearchParams(parameters).toString();
    try {
      const limits = { timeLimitMs: TIME_LIMIT_MS, maxBytes: MAX_BYTES };
      const text = await fetchText({ url: target, clock, ...limits, ...access });
      return readAnswer(text);
    } catch (error) {
      if (!(error instanceof FetchTextError)) throw error;
      return { kind: 'failed', problem: describeError(error) };
    }
  }

  return {
    query: (query, atMs) => ask('query', { query, time: String(atMs / 1000) }),
    queryRange: (query, { fromMs, toMs }, stepMs) =>
      ask('query_range', {
        query,
        start: String(fromMs / 1000),
        end: String(toMs / 1000),
        step: String(stepMs / 1000),
      }),
  };
}

interface Told {
  readonly status?: unknown;
  readonly error?: unknown;
  readonly data?: {
    readonly result?: readonly {
      readonly metric?: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

type Sample = readonly [number, string];

function samplesOf(values: readonly Sample[] | undefined, value: Sample | undefined): readonly Sample[] {
  return values ?? (value ? [value] : []);
}

function readAnswer(text: string): PrometheusAnswer {
  let told: Told | null;
  try {
    told = JSON.parse(text) as Told | null;
  } catch {
    return { kind: 'failed', problem: 'what answers is not a Prometheus' };
  }
  if (told?.status !== 'success' || !Array.isArray(told.data?.result)) {
    return { kind: 'failed', problem: describeError(told?.error ?? 'what answers is not a Prometheus') };
  }
  const series = told.data.result.map(({ metric = {}, value, values }) => ({
    labels: metric,
    points: samplesOf(values, value).map(([seconds, number]) => {
      const parsed = Number(number);
      return { atMs: seconds * 1000, value: Number.isFinite(parsed) ? parsed : null };
    }),
  }));
  return { kind: 'ok', series };
}
