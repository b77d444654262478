/**
 * Decides for one group (findings of one kind and stage, for one target) whether a message is due now, and of what.
 * Every answer bears a name, so that whoever asks why no mail came can be told.
 */

import { type Finding, type FindingKind, isReportedByCause } from '../detectors/finding.js';
import type { GroupMemory, ToldFinding } from './alert-memory.js';
import type { AlertSettings } from './alert-settings.js';
import type { SendReason } from './notification.js';

export type HoldReason =
  /** More of its kind and stage may come within `group_wait`. */
  | 'waiting_for_group'
  /** The last message about it is younger than `group_interval`. */
  | 'waiting_for_interval'
  | 'quiet_hours'
  | 'silenced'
  /** It follows from a finding that is told in its place. */
  | 'consequence'
  /** Nobody can look at it now: what was never told waits until somebody can. */
  | 'unconfirmed'
  | 'flapping'
  /** Told, and the next repeat is not due. */
  | 'told'
  /** `max_per_hour` was sent to the target within the last hour. */
  | 'over_limit'
  /** Too much waits to be delivered already. */
  | 'outbox_full'
  /** It ended before it was told. */
  | 'gone'
  /** It has ended, and `send_resolved` is off. */
  | 'resolved_untold';

export type Decision =
  | { readonly kind: 'send'; readonly reason: SendReason }
  | { readonly kind: 'none'; readonly reason: HoldReason };

export interface GroupScene {
  readonly kind: FindingKind;
  readonly memory: GroupMemory;
  /** Open ones that are routed to the target. */
  readonly findings: readonly Finding[];
  /** Every open one, by id: one that is routed elsewhere now has not ended. */
  readonly allOpen: ReadonlyMap<string, Finding>;
  readonly isSilenced: (finding: Finding) => boolean;
  /** By the clock and the severity. */
  readonly isQuiet: boolean;
  /** What keeps anything from being sent to the target now. */
  readonly blocked: 'over_limit' | 'outbox_full' | undefined;
  readonly settings: AlertSettings;
  readonly nowMs: number;
}

export interface GroupReview {
  readonly decision: Decision;
  /** As it stands before anything is sent. */
  readonly told: Readonly<Record<string, ToldFinding>>;
  readonly memory: GroupMemory;
  /** Open, and neither silenced nor a consequence. */
  readonly tellable: readonly Finding[];
  /** Those among them that are to be told for the first time, or again. */
  readonly fresh: readonly Finding[];
}

export function reviewGroup(scene: GroupScene): GroupReview {
  const { memory, findings, settings, nowMs } = scene;
  const told = lookAtTold(scene);
  const tellable = findings.filter((finding) => holdOf(finding, scene) === undefined);
  const fresh = tellable.filter(
    ({ id, isUnconfirmed }) => !isUnconfirmed && (told[id] === undefined || told[id].due !== undefined),
  );
  const windowStartMs = nowMs - settings.alerts.flapping.window;
  const opensAtMs = memory.opensAtMs.filter((atMs) => atMs > windowStartMs);
  const { waitingSinceMs = nowMs, goneSinceMs = nowMs, thread, isFlapping } = memory;
  const { target, kind, scope } = memory;
  const base: GroupMemory = {
    target,
    kind,
    scope,
    ...(thread && { thread }),
    ...(isFlapping && { isFlapping }),
    told,
    opensAtMs,
  };
  const state = { scene, told, tellable, fresh };
  if (fresh.length > 0) {
    const waiting = { ...base, waitingSinceMs };
    return { ...state, memory: waiting, decision: decideFresh({ ...scene, memory: waiting }, told, fresh) };
  }
  if (thread === undefined) {
    const reason = untoldReason(scene);
    return { ...state, memory: base, decision: { kind: 'none', reason } };
  }
  if (Object.values(told).some(({ endedAtMs }) => endedAtMs === undefined)) {
    return { ...state, memory: base, decision: decideRepeat({ ...scene, memory: base }, tellable) };
  }
  const gone = { ...base, goneSinceMs };
  return { ...state, memory: gone, decision: decideResolved({ ...scene, memory: gone }, told) };
}

/** Why a finding is not told at all; undefined where nothing keeps it back. */
function holdOf(
  finding: Finding,
  { allOpen, isSilenced }: GroupScene,
): 'consequence' | 'silenced' | undefined {
  if (isSilenced(finding)) return 'silenced';
  const { consequenceOf } = finding;
  const isInPlace = consequenceOf !== undefined && allOpen.has(consequenceOf) && isReportedByCause(finding);
  return isInPlace ? 'consequence' : undefined;
}

function untoldReason(scene: GroupScene): HoldReason {
  const [first] = scene.findings;
  if (!first) return 'gone';
  const reasons = scene.findings.map((finding) => holdOf(finding, scene));
  return reasons.find((reason) => reason !== undefined) ?? 'unconfirmed';
}

/** What has become of those that were told: ended, opened again, silenced, or out of a silence. */
function lookAtTold(scene: GroupScene): Readonly<Record<string, ToldFinding>> {
  const entries = Object.values(scene.memory.told).map((told) => [told.id, lookAtOne(told, scene)] as const);
  return Object.fromEntries(entries);
}

function lookAtOne(told: ToldFinding, scene: GroupScene): ToldFinding {
  const { allOpen, isSilenced, nowMs } = scene;
  const finding = allOpen.get(told.id);
  if (!finding) return told.endedAtMs === undefined ? { ...told, endedAtMs: nowMs } : told;
  const { endedAtMs, isSilenced: wasSilenced, ...rest } = told;
  const isOpenedAgain = endedAtMs !== undefined || finding.openedAtMs !== told.openedAtMs;
  const open = { ...rest, openedAtMs: finding.openedAtMs };
  if (isSilenced(finding)) return { ...open, isSilenced: true };
  if (wasSilenced) return { ...open, due: 'silence_ended' };
  return isOpenedAgain && !isTooOften(told, scene) ? { ...open, due: 'again' } : open;
}

function isTooOften({ times, toldAtMs }: ToldFinding, { memory, settings, nowMs }: GroupScene): boolean {
  const { opens, window } = settings.alerts.flapping;
  return memory.isFlapping === true || (times >= opens && nowMs - toldAtMs < window);
}

function decideFresh(
  { memory, isQuiet, blocked, settings, nowMs }: GroupScene,
  told: GroupReview['told'],
  fresh: readonly Finding[],
): Decision {
  const { group_wait, group_interval, flapping } = settings.alerts;
  const { thread, waitingSinceMs = nowMs, opensAtMs } = memory;
  if (isQuiet) return hold('quiet_hours');
  if (nowMs - waitingSinceMs < group_wait) return hold('waiting_for_group');
  if (thread && nowMs - thread.lastAtMs < group_interval) return hold('waiting_for_interval');
  if (blocked) return hold(blocked);
  if (fresh.every(({ id }) => told[id]?.due === 'silence_ended')) return send('silence_ended');
  if (thread) return send('grew');
  return send(opensAtMs.length + 1 >= flapping.opens ? 'flapping' : 'new');
}

function decideRepeat(scene: GroupScene, tellable: readonly Finding[]): Decision {
  const { memory, isQuiet, blocked, settings, nowMs } = scene;
  if (tellable.length === 0) return hold(scene.findings.length > 0 ? untoldReason(scene) : 'told');
  if (nowMs - (memory.thread?.lastAtMs ?? nowMs) < settings.alerts.repeat) return hold('told');
  if (isQuiet) return hold('quiet_hours');
  return blocked ? hold(blocked) : send('repeat');
}

function decideResolved(
  { memory, isQuiet, blocked, settings, nowMs }: GroupScene,
  told: GroupReview['told'],
): Decision {
  const { flapping, send_resolved } = settings.alerts;
  if (memory.isFlapping && nowMs - (memory.goneSinceMs ?? nowMs) < flapping.quiet) return hold('flapping');
  if (Object.values(told).every(({ isSilenced }) => isSilenced)) return hold('silenced');
  if (!send_resolved) return hold('resolved_untold');
  if (isQuiet) return hold('quiet_hours');
  return blocked ? hold(blocked) : send('resolved');
}

const send = (reason: SendReason): Decision => ({ kind: 'send', reason });
const hold = (reason: HoldReason): Decision => ({ kind: 'none', reason });
