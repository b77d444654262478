/** Follows what suspects among the containers take in and give out, from reading to reading. */

import type { IoActivity, IoReading } from './io-model.js';
import type { Container } from './model.js';

export interface IoRegistry {
  /** By identity. */
  readonly activity: ReadonlyMap<string, IoActivity>;
  applyRead(read: { readonly atMs: number; readonly readings: readonly IoReading[] }): void;
}

interface Track {
  readonly reading: IoReading;
  readonly atMs: number;
}

/** Over a longer time an average would hide when it moved. */
const MAX_GAP_MS = 60_000;
/**
 * Bytes a second. Heartbeats of AMQP, keep-alives and broadcasts of a bridge with hundreds of containers stay below the
 * first; a thread that goes on answering scrapes, or writing progress, while the work hangs stays below the second.
 */
const BUSY_IN = 2_000;
const BUSY_OUT = 64_000;

export function createIoRegistry({
  containers,
}: {
  readonly containers: ReadonlyMap<string, Container>;
}): IoRegistry {
  const activity = new Map<string, IoActivity>();
  const tracks = new Map<string, Track>();

  function forgetGone(): void {
    for (const identity of tracks.keys()) {
      if (containers.has(identity)) continue;
      tracks.delete(identity);
      activity.delete(identity);
    }
  }

  return {
    activity,
    applyRead({ atMs, readings }) {
      forgetGone();
      const byId = new Map(readings.map((reading) => [reading.id, reading]));
      for (const { id, identity } of containers.values()) {
        const reading = byId.get(id);
        if (!reading) continue;
        activity.set(identity, describe(identity, { reading, atMs }, tracks.get(identity), activity));
        tracks.set(identity, { reading, atMs });
      }
    },
  };
}

function describe(
  identity: string,
  { reading, atMs }: Track,
  before: Track | undefined,
  known: ReadonlyMap<string, IoActivity>,
): IoActivity {
  // Another run of the container counts from nothing.
  const isContinued =
    before?.reading.id === reading.id &&
    atMs > before.atMs &&
    atMs - before.atMs <= MAX_GAP_MS &&
    reading.inBytes >= before.reading.inBytes &&
    reading.outBytes >= before.reading.outBytes;
  if (!before || !isContinued) return { identity, atMs };
  const recent = {
    inBytes: reading.inBytes - before.reading.inBytes,
    outBytes: reading.outBytes - before.reading.outBytes,
    ms: atMs - before.atMs,
  };
  const seconds = recent.ms / 1000;
  const isBusy = recent.inBytes >= BUSY_IN * seconds || recent.outBytes >= BUSY_OUT * seconds;
  const lastBusyAtMs = isBusy ? atMs : known.get(identity)?.lastBusyAtMs;
  return { identity, atMs, recent, ...(lastBusyAtMs !== undefined && { lastBusyAtMs }) };
}
