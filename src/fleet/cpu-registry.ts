/** Follows the CPU time of containers from reading to reading: how busy each was lately, and when it last was. */

import { type LastCount, takeCount } from '../lib/falling-count.js';
import type { CpuActivity, CpuReading } from './cpu-model.js';
import type { Container } from './model.js';

export interface CpuRegistry {
  /** By identity. */
  readonly activity: ReadonlyMap<string, CpuActivity>;
  applyRead(read: { readonly atMs: number; readonly readings: readonly CpuReading[] }): void;
}

export interface CpuRegistryOptions {
  readonly containers: ReadonlyMap<string, Container>;
}

interface Sample {
  readonly atMs: number;
  readonly usedSeconds: number;
}

interface Track {
  readonly id: string;
  /** When the container started, as far as the engine told: then its count began at nothing. */
  readonly startedAtMs: number | undefined;
  /** What was read last, but for readings below it that may be a blink. */
  last: LastCount;
  /** Oldest first, about a minute of them. */
  samples: readonly Sample[];
}

const RECENT_MS = 60_000;
/** Over a longer time without a reading, such as an outage of the engine, an average would hide when it was busy. */
const MAX_GAP_MS = 2 * RECENT_MS;
/** From this share of a core on, a container counts as busy between two readings. */
const BUSY_CORES = 0.01;

export function createCpuRegistry({ containers }: CpuRegistryOptions): CpuRegistry {
  const activity = new Map<string, CpuActivity>();
  const tracks = new Map<string, Track>();
  function forgetGone(): void {
    for (const identity of tracks.keys()) {
      if (containers.has(identity)) continue;
      tracks.delete(identity);
      activity.delete(identity);
    }
  }

  function applyReading({ id, identity, name, startedAtMs }: Container, sample: Sample): void {
    const known = tracks.get(identity);
    const before = known?.id === id && known.startedAtMs === startedAtMs ? known : undefined;
    const last = before?.samples.at(-1);
    if (last && isLate(last, sample)) return;
    const taken = takeCount(before?.last, sample.usedSeconds);
    if (before && taken.verdict === 'held') {
      before.last = taken.last;
      return;
    }
    const goesOn = before !== undefined && last !== undefined && isContinued(last, sample);
    const samples = [...(goesOn ? keepRecent(before.samples, sample.atMs) : []), sample];
    tracks.set(identity, { id, startedAtMs, last: taken.last, samples });
    activity.set(
      identity,
      describe({ identity, container: name }, samples, goesOn ? activity.get(identity) : undefined),
    );
  }

  return {
    activity,
    applyRead({ atMs, readings }) {
      forgetGone();
      const usedById = new Map(readings.map(({ id, usedSeconds }) => [id, usedSeconds]));
      for (const container of containers.values()) {
        const usedSeconds = usedById.get(container.id);
        if (usedSeconds !== undefined) applyReading(container, { atMs, usedSeconds });
      }
    },
  };
}

/** Taken before the last one that was applied. Much older means that the clock was set back: that is a beginning. */
function isLate(last: Sample, { atMs }: Sample): boolean {
  return atMs <= last.atMs && last.atMs - atMs <= MAX_GAP_MS;
}

/** A count that fell is that of a new life. */
function isContinued(last: Sample, { atMs, usedSeconds }: Sample): boolean {
  return usedSeconds >= last.usedSeconds && atMs > last.atMs && atMs - last.atMs <= MAX_GAP_MS;
}

/** The newest sample that is a minute old or more, and all after it. */
function keepRecent(samples: readonly Sample[], nowMs: number): readonly Sample[] {
  const from = samples.findLastIndex(({ atMs }) => nowMs - atMs >= RECENT_MS);
  return samples.slice(Math.max(from, 0));
}

function describe(
  who: Pick<CpuActivity, 'identity' | 'container'>,
  samples: readonly Sample[],
  before: CpuActivity | undefined,
): CpuActivity {
  const [first, last, previous] = [samples[0], samples.at(-1), samples.at(-2)];
  if (!first || !last) throw new Error('a reading without a sample');
  const base = { ...who, usedSeconds: last.usedSeconds, atMs: last.atMs };
  if (!previous) return { ...base, firstAtMs: last.atMs };
  const cores = (last.usedSeconds - previous.usedSeconds) / ((last.atMs - previous.atMs) / 1000);
  const lastBusyAtMs = cores >= BUSY_CORES ? last.atMs : before?.lastBusyAtMs;
  return {
    ...base,
    firstAtMs: before?.firstAtMs ?? first.atMs,
    recentSeconds: last.usedSeconds - first.usedSeconds,
    recentMs: last.atMs - first.atMs,
    ...(lastBusyAtMs !== undefined && { lastBusyAtMs }),
  };
}
