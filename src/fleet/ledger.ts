/** What is noted of one container between its events and its inspects, until both agree on what happened. */

import { NO_COUNTS } from './container-counts.js';
import { createEndRequests, type EndRequests } from './end-requests.js';
import type { ContainerCounters, ContainerEnd } from './model.js';
import type { NotedStart, Settled, Shares } from './restart-shares.js';

/** What happened up to an inspect that told of a start before its event came; counted anew when that comes. */
export interface Interval {
  readonly from: Settled;
  readonly to: Settled;
  readonly starts: readonly NotedStart[];
  readonly counted: Shares;
}

/** Mutable, owned by the fleet; one for a container id. */
export interface RestartLedger {
  counters: ContainerCounters;
  /** Exit code of the last end that was seen. */
  lastExitCode: number | undefined;
  lastEnd: ContainerEnd | undefined;
  settled: Settled | undefined;
  /** Those whose last event has not come yet, in order. */
  intervals: readonly Interval[];
  /** Starts and ends whose events came, and which no inspect has told yet, in order. */
  starts: readonly NotedStart[];
  exitTimesMs: readonly number[];
  lastStartEventMs: number;
  lastExitEventMs: number;
  /** Requests to end it, since the last event of a start. */
  readonly requests: EndRequests;
  /** When the kernel last killed a process in it. */
  lastOomMs: number | undefined;
  /** Starts and ends that inspects told before their events came, in order. */
  startsToldMs: readonly number[];
  exitsToldMs: readonly number[];
  isOomTold: boolean;
  /** Ends before the last that were counted by RestartCount alone; their events may be late, not lost. */
  exitsWithoutEvent: number;
  announcedAtMs: number | undefined;
}

export function createLedger(): RestartLedger {
  return {
    counters: NO_COUNTS,
    lastExitCode: undefined,
    lastEnd: undefined,
    settled: undefined,
    intervals: [],
    starts: [],
    exitTimesMs: [],
    lastStartEventMs: 0,
    lastExitEventMs: 0,
    requests: createEndRequests(),
    lastOomMs: undefined,
    startsToldMs: [],
    exitsToldMs: [],
    isOomTold: false,
    exitsWithoutEvent: 0,
    announcedAtMs: undefined,
  };
}
