/** What notifications must remember over a restart of the daemon: who was told of what, and what is still to be sent. */

import { FINDING_SEVERITIES, type FindingKind } from '../detectors/finding.js';
import type { AlertStates } from './alertmanager/alert-states.js';
import { isMessageChannel } from './all-channels.js';
import type { EndedFinding, Notification } from './notification.js';
import type { Target } from './target.js';

/** One finding that the group's target was told of. */
export interface ToldFinding extends Omit<EndedFinding, 'endedAtMs'> {
  readonly openedAtMs: number;
  readonly toldAtMs: number;
  /** How often it was told within one trouble. */
  readonly times: number;
  readonly isSilenced?: true;
  /** It is to be told again: it opened anew, or a silence of it has ended. */
  readonly due?: 'again' | 'silence_ended';
  /** Absent while it is open. */
  readonly endedAtMs?: number;
}

/** Findings of one kind and stage, for one target: from the first that opens until all have ended is one trouble. */
export interface GroupMemory {
  readonly target: Target;
  readonly kind: FindingKind;
  /** The stage, or what else tells groups of a kind apart; empty: nothing. */
  readonly scope: string;
  /** Since when somebody of it waits to be told; absent: nobody does. */
  readonly waitingSinceMs?: number;
  /** Of the present trouble; absent: nothing was told of it. */
  readonly thread?: { readonly id: string; readonly sent: number; readonly lastAtMs: number };
  readonly told: Readonly<Record<string, ToldFinding>>;
  /** When troubles were told of, within the window of flapping. */
  readonly opensAtMs: readonly number[];
  readonly isFlapping?: true;
  /** Since when all have ended. */
  readonly goneSinceMs?: number;
}

export interface AlertMemory {
  /** By target, kind and stage. */
  readonly groups: Readonly<Record<string, GroupMemory>>;
  /** Oldest first. */
  readonly outbox: readonly Notification[];
  /** When something was sent to a target within the last hour. */
  readonly sentAtMs: Readonly<Record<string, readonly number[]>>;
  readonly alertmanager: AlertStates;
}

export const NO_MEMORY: AlertMemory = { groups: {}, outbox: [], sentAtMs: {}, alertmanager: {} };

/** What an earlier life saved; whatever part of it is not of the known shape is left out. */
export function readMemory(saved: unknown): AlertMemory {
  if (!isRecord(saved)) return NO_MEMORY;
  return {
    groups: entriesOf(saved['groups'], isGroup),
    outbox: Array.isArray(saved['outbox']) ? saved['outbox'].filter(isNotification) : [],
    sentAtMs: entriesOf(saved['sentAtMs'], isNumbers),
    alertmanager: entriesOf(saved['alertmanager'], isAlertState),
  };
}

function entriesOf<T>(value: unknown, isEntry: (entry: unknown) => entry is T): Readonly<Record<string, T>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, T] => isEntry(entry[1])));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(Number.isFinite);
}

function isKind(value: unknown): value is FindingKind {
  return typeof value === 'string' && Object.hasOwn(FINDING_SEVERITIES, value);
}

function isTarget(value: unknown): value is Target {
  if (!isRecord(value) || typeof value['key'] !== 'string' || !Array.isArray(value['to'])) return false;
  return isMessageChannel(value['channel']);
}

function isGroup(value: unknown): value is GroupMemory {
  if (!isRecord(value) || !isRecord(value['told']) || !isNumbers(value['opensAtMs'])) return false;
  const { thread, target, kind, scope } = value;
  if (!isTarget(target) || !isKind(kind) || typeof scope !== 'string') return false;
  const isThread =
    thread === undefined ||
    (isRecord(thread) &&
      typeof thread['id'] === 'string' &&
      Number.isFinite(thread['sent']) &&
      Number.isFinite(thread['lastAtMs']));
  return isThread && Object.values(value['told']).every(isTold);
}

function isTold(value: unknown): value is ToldFinding {
  if (!isRecord(value) || !isRecord(value['subject'])) return false;
  const { id, summary, clearsWhen, beganAtMs, openedAtMs, toldAtMs, times } = value;
  return (
    [id, summary, clearsWhen].every((text) => typeof text === 'string') &&
    [beganAtMs, openedAtMs, toldAtMs, times].every(Number.isFinite)
  );
}

function isNotification(value: unknown): value is Notification {
  if (!isRecord(value)) return false;
  const { id, threadId, group, kind, target, createdAtMs } = value;
  const lists = [value['findings'], value['newIds'], value['ended'], value['consequences']];
  return (
    [id, threadId, group].every((text) => typeof text === 'string') &&
    isKind(kind) &&
    isTarget(target) &&
    Number.isFinite(createdAtMs) &&
    lists.every(Array.isArray)
  );
}

function isAlertState(value: unknown): value is AlertStates[string] {
  return (
    isRecord(value) &&
    isRecord(value['labels']) &&
    isRecord(value['annotations']) &&
    Number.isFinite(value['startsAtMs'])
  );
}
