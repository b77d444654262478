/** When containers ended by themselves: counted from the counters, so that none is missed between two looks. */

import type { Container } from '../fleet/model.js';
import type { HistoryMoment } from './history-moment.js';

export interface EndHistory {
  /** By identity of the container: times of ends that nobody asked for, the oldest first. */
  readonly ends: ReadonlyMap<string, readonly number[]>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

/** More within one window say nothing new. */
const MAX_ENDS = 100;

export function createEndHistory(): EndHistory {
  const ends = new Map<string, readonly number[]>();
  /** The counters object is replaced on change: whoever has not changed costs one comparison. */
  const seen = new Map<string, Container['counters']>();

  function noteRise(container: Container, before: Container['counters'], nowMs: number): void {
    const { identity, counters, lastEnd } = container;
    const rise = badEnds(counters) - badEnds(before);
    // An end that somebody asked for is counted by its code as well.
    const unasked = lastEnd?.isAskedFor ? rise - 1 : rise;
    if (unasked <= 0) return;
    const times = Array.from({ length: Math.min(unasked, MAX_ENDS) }, () => lastEnd?.atMs ?? nowMs);
    ends.set(identity, [...(ends.get(identity) ?? []), ...times].slice(-MAX_ENDS));
  }

  function forgetGone(containers: ReadonlyMap<string, Container>): void {
    if (seen.size === containers.size) return;
    for (const identity of seen.keys()) if (!containers.has(identity)) seen.delete(identity);
  }

  function forgetOld(containers: ReadonlyMap<string, Container>, sinceMs: number): void {
    for (const [identity, times] of ends) {
      const recent = times.filter((atMs) => atMs >= sinceMs);
      if (recent.length === 0 || !containers.has(identity)) ends.delete(identity);
      else if (recent.length < times.length) ends.set(identity, recent);
    }
  }

  return {
    ends,
    note({ fleet: { containers }, settings, nowMs }) {
      for (const container of containers.values()) {
        const before = seen.get(container.identity);
        if (before === container.counters) continue;
        if (before) noteRise(container, before, nowMs);
        seen.set(container.identity, container.counters);
      }
      forgetGone(containers);
      forgetOld(containers, nowMs - settings.detection.crash_loop_window);
    },
  };
}

function badEnds({ exits }: Container['counters']): number {
  return exits.error + exits.oom + exits.signal;
}
