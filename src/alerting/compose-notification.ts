/** Makes the message that was decided on, and what the group remembers once it is on its way. */

import { FINDING_SEVERITIES, type Finding } from '../detectors/finding.js';
import type { GroupMemory, ToldFinding } from './alert-memory.js';
import { SEVERITY_RANKS } from './alert-target.js';
import type { GroupReview } from './group-review.js';
import {
  boundFinding,
  type EndedFinding,
  MAX_LISTED,
  type Notification,
  type SendReason,
} from './notification.js';

export interface ComposeContext {
  readonly review: GroupReview;
  readonly group: string;
  /** Short, and fit for the id of a message. */
  readonly groupHash: string;
  readonly allOpen: ReadonlyMap<string, Finding>;
  readonly nowMs: number;
}

export function composeNotification(reason: SendReason, context: ComposeContext): Notification {
  const { review, group, groupHash, allOpen, nowMs } = context;
  const { memory, told, tellable, fresh } = review;
  const { target, kind } = memory;
  const id = `${groupHash}.${nowMs.toString(36)}.${memory.thread?.sent ?? 0}`;
  const ended = Object.values(told).filter(isEnded);
  const consequences = consequencesOf(tellable, allOpen);
  const stage = tellable[0]?.subject.stage ?? ended[0]?.subject.stage;
  return {
    id,
    threadId: memory.thread?.id ?? id,
    target,
    group,
    reason,
    kind,
    severity: FINDING_SEVERITIES[kind],
    ...(stage !== undefined && { stage }),
    createdAtMs: nowMs,
    findings: tellable.slice(0, MAX_LISTED).map(boundFinding),
    findingCount: tellable.length,
    newIds: fresh.slice(0, MAX_LISTED).map((finding) => finding.id),
    ended: ended.slice(0, MAX_LISTED).map(toEnded),
    endedCount: ended.length,
    consequences: consequences.slice(0, MAX_LISTED).map(boundFinding),
    consequenceCount: consequences.length,
    ...(reason === 'flapping' && { opens: memory.opensAtMs.length + 1 }),
  };
}

/** Pure, and the same whether the message is delivered or not: what cannot be delivered is tried, not decided, again. */
export function memoryAfter(
  reason: SendReason,
  { memory, told, tellable, fresh }: GroupReview,
  nowMs: number,
  notificationId = '',
): GroupMemory {
  const { target, kind, scope, thread, isFlapping, opensAtMs } = memory;
  if (reason === 'resolved') {
    // One that has stayed away for long enough begins anew with a clean record.
    return { target, kind, scope, told: {}, opensAtMs: isFlapping ? [] : opensAtMs };
  }
  const freshIds = new Set(fresh.map(({ id }) => id));
  const silent = Object.values(told).filter(({ endedAtMs }) => endedAtMs === undefined);
  const after = [
    ...silent.map((one) => [one.id, one] as const),
    ...tellable.map((finding) => [finding.id, toTold(finding, told[finding.id], freshIds, nowMs)] as const),
  ];
  return {
    target,
    kind,
    scope,
    thread: { id: thread?.id ?? notificationId, sent: (thread?.sent ?? 0) + 1, lastAtMs: nowMs },
    told: Object.fromEntries(after),
    opensAtMs: thread ? opensAtMs : [...opensAtMs, nowMs],
    ...((isFlapping || reason === 'flapping') && { isFlapping: true }),
  };
}

function toTold(
  finding: Finding,
  before: ToldFinding | undefined,
  freshIds: ReadonlySet<string>,
  nowMs: number,
): ToldFinding {
  const { id, subject, clearsWhen, beganAtMs, openedAtMs } = finding;
  const { summary } = boundFinding(finding);
  const isFresh = freshIds.has(id) || before === undefined;
  return {
    id,
    subject,
    summary,
    clearsWhen,
    beganAtMs,
    openedAtMs,
    toldAtMs: isFresh ? nowMs : before.toldAtMs,
    times: (before?.times ?? 0) + (isFresh ? 1 : 0),
  };
}

function isEnded(told: ToldFinding): told is ToldFinding & EndedFinding {
  return told.endedAtMs !== undefined;
}

function toEnded({ id, subject, summary, clearsWhen, beganAtMs, endedAtMs }: EndedFinding): EndedFinding {
  return { id, subject, summary, clearsWhen, beganAtMs, endedAtMs };
}

function consequencesOf(
  causes: readonly Finding[],
  allOpen: ReadonlyMap<string, Finding>,
): readonly Finding[] {
  const ids = new Set(causes.map(({ id }) => id));
  return [...allOpen.values()]
    .filter(({ consequenceOf }) => consequenceOf !== undefined && ids.has(consequenceOf))
    .toSorted(
      (one, other) =>
        SEVERITY_RANKS[one.severity] - SEVERITY_RANKS[other.severity] || one.beganAtMs - other.beganAtMs,
    );
}
