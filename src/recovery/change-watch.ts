/**
 * Notices what somebody else does to containers: a deployment, a scaling, a stop or a restart by hand.
 * Who is at work on a service must not find one of its containers restarted under their hands.
 */

import { runOf } from '../fleet/container-run.js';
import type { Container, Fleet } from '../fleet/model.js';
import { memoryOf, type RecoveryMemory } from './memory.js';
import { judgePending } from './pending.js';

export interface ElsewhereChange {
  readonly atMs: number;
  /** `paddle-worker-gpu1-0 was created anew` */
  readonly what: string;
}

export interface ChangeWatch {
  /** Compares with the look before; `memory` tells which restarts are our own. */
  note(fleet: Pick<Fleet, 'containers'>, memory: RecoveryMemory, nowMs: number): void;
  /** The last change of a container, or of its service (or stage), by somebody else. */
  around(container: Container): ElsewhereChange | undefined;
  /** Identities that somebody else changed at the last look. */
  readonly changedNow: ReadonlySet<string>;
}

interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly otherRestarts: number;
  readonly askedEndMs: number | undefined;
}

/** A bound against services whose names change with each deployment. */
const MAX_GROUPS = 10_000;

export function createChangeWatch(): ChangeWatch {
  let before: ReadonlyMap<string, Snapshot> | undefined;
  const groups = new Map<string, ElsewhereChange>();
  let changedNow = new Set<string>();

  function mark(group: string, atMs: number, what: string): void {
    groups.delete(group);
    groups.set(group, { atMs, what });
    if (groups.size > MAX_GROUPS) groups.delete(groups.keys().next().value ?? '');
  }

  return {
    get changedNow() {
      return changedNow;
    },
    note({ containers }, memory, nowMs) {
      changedNow = new Set();
      const now = new Map<string, Snapshot>();
      for (const [identity, container] of containers) {
        if (container.role !== 'worker') continue;
        const snapshot = snapshotOf(container);
        now.set(identity, snapshot);
        if (before === undefined) {
          mark(snapshot.group, Math.min(container.createdAtMs, nowMs), `${container.name} was created`);
          continue;
        }
        const what = describeChange(before.get(identity), snapshot);
        if (what === undefined || isOwn(identity, container, memory)) continue;
        changedNow.add(identity);
        mark(snapshot.group, nowMs, `${container.name} ${what}`);
      }
      for (const [identity, { group, name }] of before ?? []) {
        if (!now.has(identity)) mark(group, nowMs, `${name} was removed`);
      }
      // While the engine is away its containers stay in the picture, so an empty one means that nothing was read yet.
      if (now.size > 0) before = now;
    },
    around: (container) => groups.get(groupOf(container)),
  };
}

/** Compose services are deployed as one; without compose a stage is the best guess. */
function groupOf({ project, service, stage, name }: Container): string {
  if (service !== undefined) return `service ${project ?? ''}/${service}`;
  return stage === undefined ? `container ${name}` : `stage ${stage}`;
}

function snapshotOf(container: Container): Snapshot {
  const { id, name, counters, lastEnd } = container;
  return {
    id,
    name,
    group: groupOf(container),
    otherRestarts: counters.restarts.other,
    askedEndMs: lastEnd?.isAskedFor && !lastEnd.isOurs ? lastEnd.atMs : undefined,
  };
}

function describeChange(before: Snapshot | undefined, now: Snapshot): string | undefined {
  if (!before) return 'was created';
  if (before.id !== now.id) return 'was created anew';
  if (now.otherRestarts > before.otherRestarts) return 'was started by somebody else';
  const isStopped = now.askedEndMs !== undefined && now.askedEndMs !== before.askedEndMs;
  return isStopped ? 'was stopped by somebody else' : undefined;
}

/** What we asked of the engine shows as a stop and a start, as anybody's would. */
function isOwn(identity: string, container: Container, memory: RecoveryMemory): boolean {
  const { pending } = memoryOf(memory, identity);
  if (pending && judgePending(pending, container) !== 'over') return true;
  const own = memory.inFlight.get(identity);
  if (own?.place !== undefined) return true;
  if (!own || own.containerId !== container.id) return false;
  return own.phase === 'restarting' || runOf(container) === own.startedAfterMs;
}
