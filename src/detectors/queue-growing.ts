/** QueueGrowing: a work queue has been rising for `queue_window`, in most parts of it, because more comes in than goes out. */

import type { Queue } from '../fleet/queue-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { QueueSample } from './queue-history.js';
import type { Detector, OverWords, Scene } from './scene.js';

/** A rise in four of five parts is a trend; one leap, however high, is not. */
const PARTS = 5;
const RISING_PARTS = 4;
const CLEAR_AFTER_MS = 2 * 60_000;
const MINUTE_MS = 60_000;

export const queueGrowing: Detector = {
  kind: 'QueueGrowing',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    if (!scene.isFresh('rabbitmq')) return { found: [], unsure: 'all' };
    const found: Detection[] = [];
    const unsure: string[] = [];
    const fromMs = scene.nowMs - scene.settings.detection.queue_window;
    for (const [key, queue] of scene.fleet.queues) {
      if (queue.kind !== 'work') continue;
      const samples = scene.histories.queues.samples.get(key) ?? [];
      // Not watched for long enough since the daemon's start, or not to be seen now.
      if (!queue.ready || (samples[0]?.atMs ?? Number.POSITIVE_INFINITY) > fromMs) unsure.push(key);
      const growth = measureGrowth(samples, scene);
      if (growth) found.push(describe(key, queue, growth, scene));
    }
    return { found, unsure, describeOver: ({ key }) => describeOver(key, scene) };
  },
};

function describeOver(key: string, { fleet }: Scene): OverWords {
  const ready = fleet.queues.get(key)?.ready?.value;
  return { what: 'no longer rises', ...(ready !== undefined && { now: `${ready} waiting` }) };
}

interface Growth {
  readonly first: QueueSample;
  readonly last: QueueSample;
}

/** Undefined: it does not grow, or has not been watched for long enough. */
function measureGrowth(
  samples: readonly QueueSample[],
  { settings: { detection }, nowMs }: Scene,
): Growth | undefined {
  const fromMs = nowMs - detection.queue_window;
  const last = samples.at(-1);
  // The last sample from before the window is what it began with.
  const start = samples.findLastIndex(({ atMs }) => atMs <= fromMs);
  const first = samples[start];
  if (!first || !last || last.ready - first.ready < detection.queue_min_rise) return undefined;
  const within = samples.slice(start);
  const partMs = (last.atMs - first.atMs) / PARTS;
  let rising = 0;
  let before = first.ready;
  for (let part = 1; part <= PARTS; part++) {
    const untilMs = first.atMs + part * partMs;
    const now = within.findLast(({ atMs }) => atMs <= untilMs + 1)?.ready ?? before;
    if (now > before) rising++;
    before = now;
  }
  return rising >= RISING_PARTS ? { first, last } : undefined;
}

function describe(key: string, queue: Queue, { first, last }: Growth, scene: Scene): Detection {
  const minutes = (last.atMs - first.atMs) / MINUTE_MS;
  const perMinute = (rise: number): string => (rise / minutes).toFixed(rise / minutes < 10 ? 1 : 0);
  const rise = last.ready - first.ready;
  const flow =
    last.published !== undefined &&
    first.published !== undefined &&
    last.acked !== undefined &&
    first.acked !== undefined
      ? { in: last.published - first.published, out: last.acked - first.acked }
      : undefined;
  const consumers = queue.consumers?.value;
  const stage = queue.stage;
  return {
    kind: 'QueueGrowing',
    key,
    subject: { queue: queue.name, vhost: queue.vhost, ...(stage !== undefined && { stage }) },
    summary: `${last.ready} waiting, +${perMinute(rise)} a minute over ${formatDuration(last.atMs - first.atMs)}`,
    evidence: [
      `rose by ${rise} to ${last.ready} in ${formatDuration(last.atMs - first.atMs)}, all along`,
      ...(flow ? [`in ${perMinute(flow.in)} a minute, out ${perMinute(flow.out)} a minute`] : []),
      sayDrain(last.ready, flow && flow.out / minutes),
      ...(consumers === undefined ? [] : [counted(consumers, 'consumer')]),
    ],
    clearsWhen: `It no longer rises: over ${formatDuration(scene.settings.detection.queue_window)} as much goes out as comes in.`,
    beganAtMs: first.atMs,
  };
}

/** `perMinute` are acked; undefined: the broker does not say how many. */
function sayDrain(ready: number, perMinute: number | undefined): string {
  if (perMinute === undefined)
    return 'how much goes out is not known: the broker reports no counts of messages';
  if (perMinute <= 0) return 'nothing is acked: it never drains';
  return `at this rate it never drains; if nothing more came, in ${formatDuration((ready / perMinute) * MINUTE_MS)}`;
}
