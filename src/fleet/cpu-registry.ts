/** Follows the CPU time of containers from reading to reading: how busy each was lately, and when it last was. */

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
  /** Oldest first, about a minute of them. */
  samples: readonly Sample[];
}

const RECENT_MS = 60_000;
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

  function applyReading({ id, identity, name }: Container, sample: Sample): void {
    const before = tracks.get(identity);
    const newest = before?.id === id ? before.samples.at(-1) : undefined;
    // A count that fell is that of a new life.
    const last = newest && newest.usedSeconds <= sample.usedSeconds ? newest : undefined;
    if (last && last.atMs >= sample.atMs) return;
    const samples = [...(last && before ? keepRecent(before.samples, sample.atMs) : []), sample];
    tracks.set(identity, { id, samples });
    activity.set(identity, describe({ identity, container: name }, samples, last && activity.get(identity)));
  }

  return {
    activity,
    applyRead({ atMs, readings }) {
      forgetGone();
      const byId = new Map([...containers.values()].map((container) => [container.id, container]));
      for (const { id, usedSeconds } of readings) {
        const container = byId.get(id);
        if (container) applyReading(container, { atMs, usedSeconds });
      }
    },
  };
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
