/** The steps by which recovery's memory changes; each gives a new memory and leaves the old one as it was. */

import type { RecoveryConfig } from '../config/recovery-section.js';
import type { Container } from '../fleet/model.js';
import {
  type ContainerMemory,
  type InFlight,
  isExhausted,
  memoryOf,
  type PendingRestart,
  type RecoveryMemory,
  within,
} from './memory.js';
import { judgePending, withKill } from './pending.js';

/** What a look tells of a container that is remembered. */
export interface SeenContainer {
  /** At work or idle, neither stuck nor down. */
  readonly isWell: boolean;
  /** Somebody else started it, stopped it or made it anew after our last restart of it. */
  readonly isChangedElsewhere: boolean;
  readonly isRunning: boolean;
  readonly container?: Container;
}

/** What came of an attempt. */
export interface AttemptEnd {
  readonly atMs: number;
  /** Absent where it did not fail. */
  readonly failure?: string;
  readonly isLeftDown?: boolean;
  readonly pending?: PendingRestart;
}

/** A restart is about to be asked of the engine: from here on it counts, whatever becomes of it. */
export function withRestart(memory: RecoveryMemory, identity: string, inFlight: InFlight): RecoveryMemory {
  return {
    ...withStart(memory, identity, inFlight.askedAtMs),
    inFlight: withEntry(memory.inFlight, identity, inFlight),
  };
}

/** What it uses of the budgets. */
export function withStart(memory: RecoveryMemory, identity: string, atMs: number): RecoveryMemory {
  const { restartsAtMs, streak, failed } = memoryOf(memory, identity);
  const after = {
    restartsAtMs: [...restartsAtMs, atMs],
    streak: streak + 1,
    ...(failed && { failed }),
  };
  return {
    ...memory,
    containers: withEntry(memory.containers, identity, after),
    fleetRestartsAtMs: [...memory.fleetRestartsAtMs, atMs],
  };
}

/** Of two accounts of the same restarts, for each container and for the fleet the one that tells of more. */
export function withMoreOf(memory: RecoveryMemory, other: RecoveryMemory): RecoveryMemory {
  const containers = new Map(memory.containers);
  for (const [identity, one] of other.containers) {
    if (one.restartsAtMs.length > memoryOf(memory, identity).restartsAtMs.length)
      containers.set(identity, one);
  }
  const fleet = [memory.fleetRestartsAtMs, other.fleetRestartsAtMs] as const;
  return {
    ...memory,
    containers,
    fleetRestartsAtMs: fleet[1].length > fleet[0].length ? fleet[1] : fleet[0],
  };
}

/** It was written down and then not asked for: nothing happened. */
export function withoutRestart(
  before: RecoveryMemory,
  after: RecoveryMemory,
  identity: string,
): RecoveryMemory {
  const askedAtMs = after.inFlight.get(identity)?.askedAtMs;
  const known = before.containers.get(identity);
  const index = askedAtMs === undefined ? -1 : after.fleetRestartsAtMs.lastIndexOf(askedAtMs);
  return {
    ...after,
    containers: known
      ? withEntry(after.containers, identity, known)
      : withoutEntry(after.containers, identity),
    fleetRestartsAtMs: index < 0 ? after.fleetRestartsAtMs : after.fleetRestartsAtMs.toSpliced(index, 1),
    inFlight: withoutEntry(after.inFlight, identity),
  };
}

export function withPhase(
  memory: RecoveryMemory,
  identity: string,
  change: Partial<InFlight>,
): RecoveryMemory {
  const known = memory.inFlight.get(identity);
  if (!known) return memory;
  return { ...memory, inFlight: withEntry(memory.inFlight, identity, { ...known, ...change }) };
}

/** The restart is over, and its end written down. */
export function withEnd(memory: RecoveryMemory, identity: string, end: AttemptEnd): RecoveryMemory {
  const { leftDownAtMs: _down, pending: _pending, failed, ...known } = memoryOf(memory, identity);
  const { atMs, failure, isLeftDown, pending } = end;
  return {
    ...memory,
    containers: withEntry(memory.containers, identity, {
      ...known,
      endedAtMs: atMs,
      ...(failure !== undefined && { failed: { count: (failed?.count ?? 0) + 1, text: failure } }),
      ...(isLeftDown && { leftDownAtMs: atMs }),
      ...(pending && { pending }),
    }),
    inFlight: withoutEntry(memory.inFlight, identity),
  };
}

/** A person acts on the container: it begins anew, and what the fleet has used stays used. */
export function withPersonsWord(memory: RecoveryMemory, identity: string): RecoveryMemory {
  return { ...memory, containers: withoutEntry(memory.containers, identity) };
}

export function withDryRun(memory: RecoveryMemory, findingId: string, nowMs: number): RecoveryMemory {
  return { ...memory, dryRuns: withEntry(memory.dryRuns, findingId, nowMs) };
}

export interface LookFacts {
  readonly nowMs: number;
  readonly config: RecoveryConfig;
  /** Undefined: there is no such container now; what is known of it is kept for when it comes back. */
  readonly seen: (identity: string) => SeenContainer | undefined;
  readonly isOpen: (findingId: string) => boolean;
}

/** Time has passed: windows empty, back-offs end, budgets are found to be used up. The same object if nothing changed. */
export function withLook(memory: RecoveryMemory, facts: LookFacts): RecoveryMemory {
  const { nowMs, config } = facts;
  let isChanged = false;
  const containers = new Map<string, ContainerMemory>();
  for (const [identity, before] of memory.containers) {
    const after = lookAtOne(before, facts.seen(identity), facts);
    if (after !== before) isChanged = true;
    if (after) containers.set(identity, after);
  }
  const fleetRestartsAtMs = within(memory.fleetRestartsAtMs, config.fleet_window, nowMs);
  const dryRuns = new Map([...memory.dryRuns].filter(([id]) => facts.isOpen(id)));
  isChanged ||=
    fleetRestartsAtMs.length !== memory.fleetRestartsAtMs.length || dryRuns.size !== memory.dryRuns.size;
  return isChanged ? { ...memory, containers, fleetRestartsAtMs, dryRuns } : memory;
}

/** Undefined: there is nothing left to remember. */
function lookAtOne(
  known: ContainerMemory,
  seen: SeenContainer | undefined,
  { nowMs, config }: LookFacts,
): ContainerMemory | undefined {
  if (seen?.isChangedElsewhere) return undefined;
  const before = followPending(known, seen?.container, nowMs);
  const { wellSinceMs, exhaustedAtMs, leftDownAtMs, failed, pending, ...rest } = before;
  const keptMs = Math.max(config.container_window, config.backoff_max);
  const restartsAtMs = within(rest.restartsAtMs, keptMs, nowMs);
  const well = seen?.isWell ? Math.min(wellSinceMs ?? nowMs, nowMs) : undefined;
  const isReset = well !== undefined && nowMs - well >= config.backoff_reset;
  const streak = isReset ? 0 : rest.streak;
  const isUsedUp = isExhausted(before, config, nowMs);
  const isDown = leftDownAtMs !== undefined && seen?.isRunning !== true;
  const after: ContainerMemory = {
    ...rest,
    restartsAtMs: restartsAtMs.length === rest.restartsAtMs.length ? rest.restartsAtMs : restartsAtMs,
    streak,
    ...(well !== undefined && { wellSinceMs: well }),
    ...(isUsedUp && { exhaustedAtMs: exhaustedAtMs ?? nowMs }),
    ...(isDown && { leftDownAtMs }),
    ...(failed && !isReset && { failed }),
    // What has worked for so long will not be ended by that request any more: how it ends one day is its own.
    ...(pending && !isReset && { pending }),
  };
  // Who is gone for as long as the window is forgotten, so that names that never come back do not pile up.
  if (restartsAtMs.length === 0 && (streak === 0 || !seen) && !((isDown || pending) && seen)) {
    return undefined;
  }
  return isSameMemory(known, after) ? known : after;
}

/** A restart that was rejected and is carried out later has stopped the container: starting it belongs to that restart. */
function followPending(
  before: ContainerMemory,
  container: Container | undefined,
  nowMs: number,
): ContainerMemory {
  const { pending, ...rest } = before;
  if (!pending) return before;
  switch (judgePending(pending, container)) {
    case 'waits':
      return { ...before, pending: withKill(pending, container) };
    case 'over':
      return rest;
    case 'took_effect': {
      const { exhaustedAtMs: _spent, ...unspent } = rest;
      const restartsAtMs = rest.restartsAtMs.filter((atMs) => atMs !== pending.askedAtMs);
      return { ...unspent, restartsAtMs, leftDownAtMs: nowMs };
    }
  }
}

function isSameMemory(one: ContainerMemory, other: ContainerMemory): boolean {
  return (
    one.restartsAtMs === other.restartsAtMs &&
    one.streak === other.streak &&
    one.wellSinceMs === other.wellSinceMs &&
    one.exhaustedAtMs === other.exhaustedAtMs &&
    one.leftDownAtMs === other.leftDownAtMs &&
    one.endedAtMs === other.endedAtMs &&
    one.failed === other.failed &&
    one.pending === other.pending
  );
}

function withEntry<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

function withoutEntry<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const next = new Map(map);
  next.delete(key);
  return next;
}
