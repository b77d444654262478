/** How many dead letters came to each queue that takes them, minute by minute over the last while. */

import type { Queue } from '../fleet/queue-model.js';
import type { HistoryMoment } from './history-moment.js';

export interface DeadLetters {
  /** Since when the queue is watched, or the window is long. */
  readonly fromMs: number;
  /** How many came since. */
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface DeadLetterHistory {
  /** By key of the queue. */
  readonly arrived: ReadonlyMap<string, DeadLetters>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings'>): void;
}

interface Minute {
  /** Its first reading. */
  readonly atMs: number;
  /** The most that was in the queue: one who looks into it takes messages out for a moment and puts them back. */
  readonly most: number;
}

const MINUTE_MS = 60_000;
/** A short window has shorter parts. */
const MIN_PARTS = 10;

export function createDeadLetterHistory(): DeadLetterHistory {
  const minutes = new Map<string, readonly Minute[]>();
  const arrived = new Map<string, DeadLetters>();
  /** What consumers held when an answer last said so. */
  const unackedOf = new Map<string, number>();

  /** Messages that consumers hold were there before an answer first told of them. */
  function seenBefore(key: string, unacked: number | undefined): readonly Minute[] {
    const known = minutes.get(key) ?? [];
    if (unacked === undefined || unackedOf.has(key)) return known;
    return known.map(({ atMs, most }) => ({ atMs, most: most + unacked }));
  }

  function follow(key: string, { ready, unacked }: Queue, windowMs: number): void {
    if (!ready) return;
    const before = seenBefore(key, unacked?.value);
    const held = unacked?.value ?? unackedOf.get(key);
    if (held !== undefined) unackedOf.set(key, held);
    const next = addReading(
      before,
      { atMs: ready.atMs, most: ready.value + (held ?? 0) },
      Math.min(MINUTE_MS, windowMs / MIN_PARTS),
    );
    const kept = next.slice(
      Math.max(
        0,
        next.findLastIndex(({ atMs }) => ready.atMs - atMs >= windowMs),
      ),
    );
    minutes.set(key, kept);
    arrived.set(key, countArrivals(kept));
  }

  return {
    arrived,
    note({ fleet: { queues }, settings: { detection } }) {
      for (const key of minutes.keys()) {
        if (queues.get(key)?.kind === 'dead_letter') continue;
        for (const known of [minutes, arrived, unackedOf]) known.delete(key);
      }
      for (const [key, queue] of queues) {
        if (queue.kind === 'dead_letter') follow(key, queue, detection.dead_letters_window);
      }
    },
  };
}

function addReading(minutes: readonly Minute[], reading: Minute, lengthMs: number): readonly Minute[] {
  const last = minutes.at(-1);
  // The first reading stands alone: what comes right after it has come.
  const isOver = minutes.length < 2 || reading.atMs - (last?.atMs ?? 0) >= lengthMs;
  if (!last || isOver) return [...minutes, reading];
  if (reading.most <= last.most) return minutes;
  return [...minutes.slice(0, -1), { ...last, most: reading.most }];
}

/** What a queue loses, to whoever empties it or to its age limit, takes nothing away from what came. */
function countArrivals(minutes: readonly Minute[]): DeadLetters {
  const fromMs = minutes[0]?.atMs ?? 0;
  let [count, firstAtMs, lastAtMs] = [0, fromMs, fromMs];
  for (const [index, { atMs, most }] of minutes.entries()) {
    const rise = most - (minutes[index - 1]?.most ?? most);
    if (rise <= 0) continue;
    if (count === 0) firstAtMs = atMs;
    lastAtMs = atMs;
    count += rise;
  }
  return { fromMs, count, firstAtMs, lastAtMs };
}
