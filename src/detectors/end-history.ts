/** When containers ended by themselves: counted from the counters, so that none is missed between two looks. */

import type { Container } from '../fleet/model.js';
import type { HistoryMoment } from './history-moment.js';

export interface EndHistory {
  /** By identity of the container: times of ends that nobody asked for, the oldest first. */
  readonly ends: ReadonlyMap<string, readonly number[]>;
  /** A window has passed since the first evaluation: every end within it is here. */
  isFull(windowMs: number, nowMs: number): boolean;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

/** More within one window say nothing new. */
const MAX_ENDS = 100;
/** A restart on request takes less. */
const STOPPED_MS = 60_000;

export function createEndHistory(): EndHistory {
  const ends = new Map<string, readonly number[]>();
  /** The counters object is replaced on change: whoever has not changed costs one comparison. */
  const seen = new Map<string, Container['counters']>();
  let firstAtMs: number | undefined;

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

  function forgetOld(containers: ReadonlyMap<string, Container>, windowMs: number, nowMs: number): void {
    for (const [identity, times] of ends) {
      const recent = times.filter((atMs) => atMs >= nowMs - windowMs);
      const container = containers.get(identity);
      const isOver = !container || staysStopped(container, nowMs);
      if (recent.length === 0 || isOver) ends.delete(identity);
      else if (recent.length < times.length) ends.set(identity, recent);
    }
  }

  return {
    ends,
    isFull: (windowMs, nowMs) => firstAtMs !== undefined && nowMs - firstAtMs >= windowMs,
    note({ fleet: { containers }, settings, nowMs }) {
      firstAtMs ??= nowMs;
      for (const container of containers.values()) {
        const before = seen.get(container.identity);
        if (before === container.counters) continue;
        if (before) noteRise(container, before, nowMs);
        seen.set(container.identity, container.counters);
      }
      forgetGone(containers);
      forgetOld(containers, settings.detection.crash_loop_window, nowMs);
    },
  };
}

/** Not only while it is restarted: the loop is over, and a later start begins without it. */
function staysStopped(container: Container, nowMs: number): boolean {
  return isStoppedOnRequest(container) && nowMs - (container.lastEnd?.atMs ?? nowMs) >= STOPPED_MS;
}

export function isStoppedOnRequest({ state, lastEnd }: Container): boolean {
  return state === 'exited' && (lastEnd?.isAskedFor === true || lastEnd?.isHeldDown === true);
}

function badEnds({ exits }: Container['counters']): number {
  return exits.error + exits.oom + exits.signal + exits.unknown;
}
