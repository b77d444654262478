/**
 * Decides from the open findings what is sent to whom now, and says of everything else why it is not.
 *
 * Pure: the same findings, memory and moment always give the same answer. What is to be sent goes into the outbox of the
 * memory, which is on disk before anything leaves: a daemon that is killed in between sends it after its next start,
 * under the same id.
 */

import { createHash } from 'node:crypto';
import type { Finding, FindingKind } from '../detectors/finding.js';
import { FINDING_SEVERITIES, isReportedByCause } from '../detectors/finding.js';
import type { AlertMemory, GroupMemory } from './alert-memory.js';
import type { AlertSettings } from './alert-settings.js';
import { currentTargets, SEVERITY_RANKS, targetsOf } from './alert-target.js';
import { reviewAlertStates } from './alertmanager/alert-states.js';
import { composeNotification, memoryAfter } from './compose-notification.js';
import { type Decision, type GroupReview, reviewGroup } from './group-review.js';
import type { Notification } from './notification.js';
import { enqueue, MAX_OUTBOX } from './outbox.js';
import { isQuiet } from './quiet-hours.js';
import type { Target } from './target.js';

export interface BookContext {
  readonly findings: ReadonlyMap<string, Finding>;
  readonly isSilenced: (finding: Finding) => boolean;
  readonly settings: AlertSettings;
  readonly nowMs: number;
  /** The message is being sent at this moment, and cannot be replaced by a newer one. */
  readonly isUnderWay: (notificationId: string) => boolean;
}

/** What was decided about one group, for whoever asks. */
export interface GroupStanding {
  readonly target: Target;
  readonly kind: FindingKind;
  readonly scope: string;
  readonly openCount: number;
  readonly decision: Decision;
}

export interface BookOutcome {
  readonly memory: AlertMemory;
  readonly standings: readonly GroupStanding[];
  /** What went into the outbox now. */
  readonly decided: readonly Notification[];
}

interface Group {
  readonly key: string;
  readonly target: Target;
  readonly kind: FindingKind;
  readonly scope: string;
  readonly findings: Finding[];
}

const HOUR_MS = 3_600_000;

export function reviewAlerts(before: AlertMemory, context: BookContext): BookOutcome {
  const { settings, nowMs } = context;
  const groups = groupFindings(before, context);
  const kept = new Set(currentTargets(settings).map(({ key }) => key));
  const sentAtMs = prune(before.sentAtMs, nowMs);
  const memories: Record<string, GroupMemory> = {};
  const standings: GroupStanding[] = [];
  const decided: Notification[] = [];
  let { outbox } = before;
  for (const group of groups) {
    // Nobody is told any more at an address that was taken out of the configuration, not even of an end.
    if (!kept.has(group.target.key)) continue;
    const { review, memory, notification } = decide(group, {
      ...context,
      before,
      blocked: whatBlocks(group.target, { outbox, sentAtMs, settings }),
    });
    if (memory) memories[group.key] = memory;
    const { target, kind, scope, findings } = group;
    if (findings.length > 0 || isInTrouble(before.groups[group.key])) {
      standings.push({ target, kind, scope, openCount: findings.length, decision: review.decision });
    }
    if (!notification) continue;
    outbox = enqueue(outbox, notification, context.isUnderWay);
    sentAtMs[target.key] = [...(sentAtMs[target.key] ?? []), nowMs];
    decided.push(notification);
  }
  const alertmanager = reviewAlertStates(before.alertmanager, context);
  return { memory: { groups: memories, outbox, sentAtMs, alertmanager }, standings, decided };
}

interface DecideContext extends BookContext {
  readonly before: AlertMemory;
  readonly blocked: 'over_limit' | 'outbox_full' | undefined;
}

interface Decided {
  readonly review: GroupReview;
  /** Undefined: there is nothing to remember of the group. */
  readonly memory: GroupMemory | undefined;
  readonly notification?: Notification;
}

function decide(group: Group, context: DecideContext): Decided {
  const { settings, nowMs, findings, isSilenced, blocked, before } = context;
  const { alerts } = settings;
  const { key, kind, target, scope } = group;
  const isHeld = FINDING_SEVERITIES[kind] !== 'critical' || alerts.quiet_hours.hold_critical;
  const review = reviewGroup({
    kind,
    memory: before.groups[key] ?? { target, kind, scope, told: {}, opensAtMs: [] },
    findings: group.findings,
    allOpen: findings,
    isSilenced,
    isQuiet: isHeld && isQuiet(nowMs, alerts),
    blocked,
    settings,
    nowMs,
  });
  if (review.decision.kind === 'none') {
    const isOver =
      review.memory.thread !== undefined &&
      (review.decision.reason === 'silenced' || review.decision.reason === 'resolved_untold') &&
      Object.values(review.told).every(({ endedAtMs }) => endedAtMs !== undefined);
    return { review, memory: worthKeeping(isOver ? memoryAfter('resolved', review, nowMs) : review.memory) };
  }
  const notification = composeNotification(review.decision.reason, {
    review,
    group: key,
    groupHash: hashOf(key),
    allOpen: findings,
    nowMs,
  });
  const memory = memoryAfter(review.decision.reason, review, nowMs, notification.id);
  return { review, memory: worthKeeping(memory), notification };
}

function isInTrouble(memory: GroupMemory | undefined): boolean {
  return memory?.thread !== undefined || memory?.waitingSinceMs !== undefined;
}

function worthKeeping(memory: GroupMemory): GroupMemory | undefined {
  return isInTrouble(memory) || memory.opensAtMs.length > 0 ? memory : undefined;
}

/** Critical ones first, so that they are the last that a limit holds back. */
function groupFindings(before: AlertMemory, { findings, settings }: BookContext): readonly Group[] {
  const groups = new Map<string, Group>();
  const groupOf = ({ target, kind, scope }: Pick<Group, 'target' | 'kind' | 'scope'>): Group => {
    const key = `${target.key}|${kind}|${scope}`;
    const group = groups.get(key) ?? { key, target, kind, scope, findings: [] };
    groups.set(key, group);
    return group;
  };
  const extra = targetsOfConsequences(findings, settings);
  for (const finding of findings.values()) {
    const { id, kind } = finding;
    const targets = new Map(targetsOf(finding, settings).map((target) => [target.key, target]));
    for (const target of extra.get(id) ?? []) targets.set(target.key, target);
    const scope = scopeOf(finding);
    for (const target of targets.values()) groupOf({ target, kind, scope }).findings.push(finding);
  }
  for (const memory of Object.values(before.groups)) groupOf(memory);
  const rank = ({ kind }: Group): number => SEVERITY_RANKS[FINDING_SEVERITIES[kind]];
  for (const group of groups.values()) group.findings.sort((one, other) => one.beganAtMs - other.beganAtMs);
  return [...groups.values()].toSorted((one, other) => rank(one) - rank(other));
}

/** Who would be told of a consequence is told of its cause: it stands in its place. */
function targetsOfConsequences(
  findings: ReadonlyMap<string, Finding>,
  settings: AlertSettings,
): ReadonlyMap<string, readonly Target[]> {
  const targets = new Map<string, Target[]>();
  for (const finding of findings.values()) {
    const { consequenceOf } = finding;
    if (consequenceOf === undefined || !findings.has(consequenceOf) || !isReportedByCause(finding)) continue;
    const list = targets.get(consequenceOf) ?? [];
    list.push(...targetsOf(finding, settings));
    targets.set(consequenceOf, list);
  }
  return targets;
}

/** One cause is one message; all else is grouped by its stage. */
function scopeOf({ kind, key, subject }: Finding): string {
  return kind === 'CommonCause' ? key : (subject.stage ?? '');
}

function whatBlocks(
  target: Target,
  {
    outbox,
    sentAtMs,
    settings,
  }: Pick<AlertMemory, 'outbox' | 'sentAtMs'> & { readonly settings: AlertSettings },
): DecideContext['blocked'] {
  if ((sentAtMs[target.key]?.length ?? 0) >= settings.alerts.max_per_hour) return 'over_limit';
  const waiting = outbox.filter(({ target: { channel } }) => channel === target.channel).length;
  return waiting >= MAX_OUTBOX ? 'outbox_full' : undefined;
}

function prune(sentAtMs: AlertMemory['sentAtMs'], nowMs: number): Record<string, readonly number[]> {
  const recent = Object.entries(sentAtMs).map(
    ([key, times]) => [key, times.filter((atMs) => nowMs - atMs < HOUR_MS && atMs <= nowMs)] as const,
  );
  return Object.fromEntries(recent.filter(([, times]) => times.length > 0));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
