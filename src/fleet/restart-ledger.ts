/**
 * Counts a container's restarts, exits and OOM kills truthfully, from events and inspects together.
 *
 * Neither suffices alone. The engine's RestartCount counts restarts by policy only and falls to 0 when anybody
 * restarts or starts the container; it also rises already at the death, before the start it stands for. Events tell
 * each start but not who asked for it, and are lost while the engine is away. So a start is only noted when its event
 * comes, and settled by the next inspect, which the event itself causes. The source dates them all by our clock.
 * https://github.com/moby/moby/blob/master/daemon/monitor.go, handleContainerExit
 *
 * Long, because events and inspects settle one state together: apart, neither half could be read for what it counts.
 */

import { exitReason, withExits, withOom, withRestarts, withStop } from './container-counts.js';
import { explainsEnd, forgetEndRequests, isKilledOutright, noteEndRequest } from './end-requests.js';
import { codeOf, endByInspect, heldDown, isOrdinaryEnd } from './known-end.js';
import type { RestartLedger } from './ledger.js';
import type { ContainerEvent, ContainerFacts } from './observations.js';
import { type NotedStart, type Settled, type Shares, shareOut, UNBORN } from './restart-shares.js';

/** More events than this between two inspects of one container: the engine does not answer, count without it. */
const MAX_NOTED = 1000;
/** A start is stagewatch's own when it comes within this time of the announcement. */
const ANNOUNCEMENT_MS = 10 * 60_000;
/** The kernel may kill a child while the container lives on; only a death right after it is its doing. */
const OOM_TO_DEATH_MS = 10_000;

export function noteEvent(ledger: RestartLedger, event: ContainerEvent): void {
  switch (event.action) {
    case 'create':
      // Born under our eyes: everything from here on is counted, its first start excepted.
      ledger.settled ??= UNBORN;
      break;
    case 'stop':
      noteStopAsked(ledger, event);
      break;
    case 'restart':
      // Of a container that is down it is the policy's.
      if (lastStartMs(ledger) >= (ledger.lastEnd?.atMs ?? 0)) noteStopAsked(ledger, event);
      break;
    case 'oom':
      ledger.lastOomMs = event.atMs;
      if (!ledger.isOomTold) ledger.counters = withOom(ledger.counters);
      ledger.isOomTold = false;
      break;
    case 'die':
      noteExit(ledger, event);
      break;
    case 'start':
      noteStart(ledger, event.atMs);
      break;
    case 'restart-announced':
      ledger.announcedAtMs = event.atMs;
      break;
    case 'restart-withdrawn':
      ledger.announcedAtMs = undefined;
      break;
    case 'restart-ended-it':
      if (ledger.lastEnd) {
        if (!ledger.lastEnd.isAskedFor) ledger.counters = withStop(ledger.counters, ledger.lastEnd.reason);
        ledger.lastEnd = { ...ledger.lastEnd, isAskedFor: true, isOurs: true };
      }
      break;
  }
}

function noteStopAsked(ledger: RestartLedger, event: ContainerEvent): void {
  if (!isStopAsked(ledger, event.atMs)) forgetEndRequests(ledger.requests);
  noteEndRequest(ledger.requests, event);
  const { lastEnd } = ledger;
  if (event.signal !== undefined || !lastEnd || lastEnd.isAskedFor || event.atMs < lastEnd.atMs) return;
  if (lastStartMs(ledger) >= lastEnd.atMs) return;
  const isCrash = lastEnd.requestedAtMs === undefined && !isOrdinaryEnd(lastEnd);
  if (isCrash && ledger.settled?.hasRestartPolicy) {
    // The stop met the pause before the next start, in which there is no process to end.
    ledger.lastEnd = heldDown(lastEnd);
    return;
  }
  // The engine tells of a whole stop when it is done: then the end before it was asked for, however long it took.
  ledger.counters = withStop(ledger.counters, lastEnd.reason);
  ledger.lastEnd = { ...lastEnd, isAskedFor: true, requestedAtMs: event.atMs };
}

/** Whether the end or start at this time follows a stop that was asked for, with no start in between. */
function isStopAsked({ requests, lastStartEventMs, settled }: RestartLedger, atMs: number): boolean {
  const { askedAtMs } = requests;
  if (askedAtMs === undefined) return false;
  const starts = [lastStartEventMs, settled?.startedAtMs ?? 0];
  return !starts.some((startMs) => startMs > askedAtMs && startMs < atMs);
}

function lastStartMs({ lastStartEventMs, settled }: RestartLedger): number {
  return Math.max(lastStartEventMs, settled?.startedAtMs ?? 0);
}

function noteExit(ledger: RestartLedger, event: ContainerEvent): void {
  const { atMs } = event;
  const isOom = ledger.lastOomMs !== undefined && atMs - ledger.lastOomMs <= OOM_TO_DEATH_MS;
  const toldMs = findTold(ledger.exitsToldMs, atMs, lastStartMs(ledger));
  const exitCode = event.exitCode ?? (toldMs === undefined ? undefined : codeOf(ledger.lastEnd, atMs));
  ledger.lastOomMs = undefined;
  ledger.isOomTold = false;
  ledger.lastExitCode = exitCode;
  const requestedAtMs = isStopAsked(ledger, atMs) ? ledger.requests.askedAtMs : undefined;
  const isStopped = requestedAtMs !== undefined && explainsEnd(ledger.requests, { atMs, exitCode });
  const isAskedFor = isStopped || isAnnounced(ledger, atMs);
  ledger.lastEnd = {
    reason: exitReason(exitCode, isOom),
    ...(exitCode !== undefined && { exitCode }),
    atMs,
    isAskedFor,
    ...(isStopped && isKilledOutright(ledger.requests) && { isKilledOutright: true }),
    ...(requestedAtMs !== undefined && { requestedAtMs }),
  };
  if (isAskedFor) ledger.counters = withStop(ledger.counters, exitReason(exitCode, isOom));
  else forgetEndRequests(ledger.requests);
  ledger.lastExitEventMs = atMs;
  if (toldMs !== undefined) {
    ledger.exitsToldMs = ledger.exitsToldMs.filter((told) => told > toldMs);
    return;
  }
  if (ledger.exitsWithoutEvent > 0 && atMs < (ledger.settled?.finishedAtMs ?? 0)) {
    ledger.exitsWithoutEvent--;
    return;
  }
  ledger.counters = withExits(ledger.counters, exitReason(exitCode, isOom), 1);
  ledger.exitTimesMs = [...ledger.exitTimesMs, atMs];
  if (ledger.exitTimesMs.length > MAX_NOTED) settleWithoutInspect(ledger);
}

function noteStart(ledger: RestartLedger, atMs: number): void {
  const finishedAtMs = ledger.settled?.finishedAtMs ?? 0;
  // The event of an end comes after that of its start: an end whose event is still to come is after this start.
  const isEndAhead = ledger.exitsToldMs.includes(finishedAtMs);
  const lastExitMs = Math.max(ledger.lastExitEventMs, isEndAhead ? 0 : finishedAtMs);
  const toldMs = findTold(ledger.startsToldMs, atMs, lastExitMs);
  const start = { atMs, isAskedFor: isStopAsked(ledger, toldMs ?? atMs) };
  forgetEndRequests(ledger.requests);
  // The engine reports a start when it is through with it; a short program has ended before.
  ledger.lastStartEventMs = toldMs ?? atMs;
  if (toldMs !== undefined) {
    ledger.startsToldMs = ledger.startsToldMs.filter((told) => told > toldMs);
    completeInterval(ledger, toldMs, start);
  } else if (atMs < (ledger.settled?.startedAtMs ?? 0)) {
    addLateStart(ledger, start);
  } else {
    ledger.starts = [...ledger.starts, start];
    if (ledger.starts.length > MAX_NOTED) settleWithoutInspect(ledger);
  }
}

/**
 * Starts and ends take turns, and an event comes after its fact but before the next turn:
 * so it belongs to the last fact told before it, unless the opposite happened in between.
 */
function findTold(toldMs: readonly number[], eventAtMs: number, lastOppositeMs: number): number | undefined {
  const told = toldMs.findLast((atMs) => atMs <= eventAtMs);
  const isOver = told !== undefined && lastOppositeMs > told && lastOppositeMs < eventAtMs;
  return isOver ? undefined : told;
}

/** An event that never came is forgotten after so many more. */
const MAX_TOLD = 100;

/** Settles what was noted against the engine's own facts; call it with every inspect of the container. */
export function settleByInspect(ledger: RestartLedger, facts: ContainerFacts): void {
  const before = ledger.settled;
  if (!hasProcess(facts) && facts.finishedAtMs !== undefined) {
    ledger.lastExitCode = facts.exitCode;
    ledger.lastEnd = endByInspect(ledger.lastEnd, facts, facts.finishedAtMs);
  }
  ledger.settled = {
    restartCount: facts.restartCount,
    isAhead: facts.state === 'restarting',
    isBehind: facts.isCountBehind === true,
    hasRestartPolicy: facts.hasRestartPolicy,
    startedAtMs: facts.startedAtMs,
    finishedAtMs: facts.finishedAtMs,
  };
  if (before === undefined) {
    settleFirstSight(ledger, facts);
    return;
  }
  const starts = takeStarts(ledger, before, facts.startedAtMs);
  const exitCount = takeExits(ledger, before, facts);
  const isOwnTold = starts.length > 0 && ledger.startsToldMs.at(-1) === facts.startedAtMs;
  const shares = shareOut(before, ledger.settled, starts);
  // While events are on their way, one start more or less may turn out the policy's: the least is counted.
  const counted = isOwnTold ? { ...shares, askedFor: Math.min(shares.askedFor, 1) } : shares;
  countShares(ledger, counted);
  if (isOwnTold) {
    const interval = { from: before, to: ledger.settled, starts, counted };
    ledger.intervals = [...ledger.intervals, interval].slice(-MAX_TOLD);
  }
  // An end that only RestartCount tells of: its code is not known, and a policy restarts mostly what failed.
  const risen = facts.restartCount - before.restartCount;
  const behind = (ledger.settled.isBehind ? 1 : 0) - (before.isBehind ? 1 : 0);
  const withoutEvent = Math.max(0, (risen < 0 ? facts.restartCount : risen + behind) - exitCount);
  ledger.counters = withExits(ledger.counters, 'error', withoutEvent);
  ledger.exitsWithoutEvent += withoutEvent;
}

/** stagewatch itself is restarting it. */
function isAnnounced({ announcedAtMs }: RestartLedger, atMs: number): boolean {
  return announcedAtMs !== undefined && atMs >= announcedAtMs && atMs - announcedAtMs < ANNOUNCEMENT_MS;
}

function hasProcess({ state }: ContainerFacts): boolean {
  return state === 'running' || state === 'paused';
}

/** The engine's count from before we came is taken over; starts and ends from before are no news. */
function settleFirstSight(
  ledger: RestartLedger,
  { startedAtMs, finishedAtMs, restartCount }: ContainerFacts,
): void {
  const ownStart = ledger.starts.findIndex(({ atMs }) => startedAtMs !== undefined && atMs >= startedAtMs);
  if (ownStart < 0 && startedAtMs !== undefined) ledger.startsToldMs = [startedAtMs];
  ledger.starts = ownStart < 0 ? [] : ledger.starts.slice(ownStart + 1);
  const ownExit = ledger.exitTimesMs.findIndex((atMs) => finishedAtMs !== undefined && atMs >= finishedAtMs);
  if (ownExit < 0 && finishedAtMs !== undefined) ledger.exitsToldMs = [finishedAtMs];
  ledger.exitTimesMs = ownExit < 0 ? [] : ledger.exitTimesMs.slice(ownExit + 1);
  ledger.counters = withRestarts(ledger.counters, 'policy', restartCount);
}

/** The noted starts that this inspect tells of, the one it tells itself last; later ones stay noted. */
function takeStarts(
  ledger: RestartLedger,
  before: Settled,
  startedAtMs: number | undefined,
): readonly NotedStart[] {
  if (startedAtMs === undefined || startedAtMs === before.startedAtMs) return [];
  const earlier = ledger.starts.filter(({ atMs }) => atMs < startedAtMs);
  const own = ledger.starts[earlier.length];
  ledger.starts = ledger.starts.slice(earlier.length + 1);
  if (own?.atMs === ledger.lastStartEventMs) ledger.lastStartEventMs = startedAtMs;
  if (!own) ledger.startsToldMs = [...ledger.startsToldMs, startedAtMs].slice(-MAX_TOLD);
  return [...earlier, own ?? { atMs: startedAtMs, isAskedFor: isStopAsked(ledger, startedAtMs) }];
}

/** How many ends this inspect tells of, those counted by their events included. */
function takeExits(ledger: RestartLedger, before: Settled, facts: ContainerFacts): number {
  const { finishedAtMs } = facts;
  // A restart that is cancelled sets the time back by some milliseconds without a new end.
  if (finishedAtMs === undefined || finishedAtMs <= (before.finishedAtMs ?? 0)) return 0;
  const earlier = ledger.exitTimesMs.filter((atMs) => atMs < finishedAtMs).length;
  const isOwnNoted = ledger.exitTimesMs.length > earlier;
  ledger.exitTimesMs = ledger.exitTimesMs.slice(earlier + 1);
  if (!isOwnNoted) countToldExit(ledger, facts, finishedAtMs);
  return earlier + 1;
}

function countToldExit(ledger: RestartLedger, facts: ContainerFacts, finishedAtMs: number): void {
  ledger.exitsToldMs = [...ledger.exitsToldMs, finishedAtMs].slice(-MAX_TOLD);
  if (hasProcess(facts)) {
    // It runs again, and the engine has forgotten the code; the event, if it still comes, cannot change the count.
    ledger.counters = withExits(ledger.counters, 'error', 1);
    return;
  }
  ledger.counters = withExits(ledger.counters, exitReason(facts.exitCode, facts.isOomKilled), 1);
  if (!facts.isOomKilled) return;
  if (ledger.lastOomMs === undefined) {
    ledger.counters = withOom(ledger.counters);
    ledger.isOomTold = true;
  }
  ledger.lastOomMs = undefined;
}

/** An event from before a start that was told: shares are counted again once that start's own event is here. */
function addLateStart(ledger: RestartLedger, start: NotedStart): void {
  // Starts from before the first sight are in no interval, and no news.
  const index = ledger.intervals.findIndex(({ to }) => start.atMs < (to.startedAtMs ?? 0));
  const interval = ledger.intervals[index];
  if (!interval) return;
  const starts = interval.starts.toSpliced(-1, 0, start);
  ledger.intervals = ledger.intervals.with(index, { ...interval, starts });
}

/** The event of a told start has come, and with it all before: what they say more is counted. */
function completeInterval(ledger: RestartLedger, toldMs: number, own: NotedStart): void {
  const interval = ledger.intervals.find(({ to }) => to.startedAtMs === toldMs);
  ledger.intervals = ledger.intervals.filter(({ to }) => (to.startedAtMs ?? 0) > toldMs);
  if (!interval) return;
  const shares = shareOut(interval.from, interval.to, interval.starts.with(-1, own));
  countShares(ledger, {
    policy: shares.policy - interval.counted.policy,
    askedFor: shares.askedFor - interval.counted.askedFor,
  });
}

function countShares(ledger: RestartLedger, { policy, askedFor }: Shares): void {
  ledger.counters = withRestarts(ledger.counters, 'policy', policy);
  countAskedFor(ledger, askedFor);
}

/** The engine cannot be asked (any more): starts are shared out by what the events alone tell. */
export function settleWithoutInspect(ledger: RestartLedger): void {
  const isFirstStart = ledger.settled?.startedAtMs === undefined;
  const restarts = ledger.starts.slice(isFirstStart ? 1 : 0);
  const askedFor = restarts.filter(({ isAskedFor }) => isAskedFor).length;
  const alreadyCounted = ledger.settled?.isAhead ? 1 : 0;
  ledger.counters = withRestarts(ledger.counters, 'policy', restarts.length - askedFor - alreadyCounted);
  countAskedFor(ledger, askedFor);
  ledger.starts = [];
  ledger.exitTimesMs = [];
}

function countAskedFor(ledger: RestartLedger, count: number): void {
  if (count <= 0) return;
  const { announcedAtMs } = ledger;
  const startedAtMs = lastStartMs(ledger);
  const isOurs = announcedAtMs !== undefined && startedAtMs - announcedAtMs < ANNOUNCEMENT_MS;
  if (isOurs) ledger.announcedAtMs = undefined;
  ledger.counters = withRestarts(ledger.counters, 'stagewatch', isOurs ? 1 : 0);
  ledger.counters = withRestarts(ledger.counters, 'other', isOurs ? count - 1 : count);
}
