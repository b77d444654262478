/**
 * Turns what detectors find at each look into findings that open, last and clear.
 *
 * A finding opens when it was found at every look for a while, clears when it was absent for a while, and stays open,
 * unconfirmed, while nobody can tell: no data is not good news.
 */

import { createConditionClock } from './condition-clock.js';
import {
  type ClearedFinding,
  type Detection,
  type Doubt,
  FINDING_SEVERITIES,
  type Finding,
  type FindingKind,
  findingId,
} from './finding.js';
import { createHeldWords } from './held-words.js';
import type { Judgement, Steadiness } from './scene.js';

/** What one detector said. */
export interface KindJudgement extends Judgement {
  readonly kind: FindingKind;
  readonly steadiness: Steadiness;
}

export interface BookChanges {
  readonly opened: readonly Finding[];
  readonly cleared: readonly ClearedFinding[];
}

export interface FindingBook {
  /** Open ones, by id. */
  readonly findings: ReadonlyMap<string, Finding>;
  /** Judgements of every kind there is: what none of them finds is absent. */
  update(judgements: readonly KindJudgement[], nowMs: number): BookChanges;
  /** Marks whose consequence each finding is; `undefined` for those that stand alone. */
  fold(causeOf: (finding: Finding) => string | undefined): void;
  /** As JSON. */
  save(): unknown;
}

/** After a start of the daemon its sources need this long to tell of everything again. */
const RESTORE_GRACE_MS = 3 * 60_000;
/** A bound against the unforeseen; each is about a kilobyte. */
const MAX_OPEN = 20_000;

/** `saved` is what `save` gave in an earlier life, of unknown shape. */
export function createFindingBook(saved?: unknown): FindingBook {
  const open = new Map<string, Finding>();
  /** By id: what was found and is not open yet, and what is open and no longer found. */
  const pending = createConditionClock();
  const absent = createConditionClock();
  const words = createHeldWords();
  /** From the life before, and not found in this one yet. */
  const restored = new Set<string>();
  let firstUpdateMs: number | undefined;
  for (const finding of readSaved(saved)) {
    open.set(finding.id, doubted(finding, 'restart'));
    restored.add(finding.id);
  }

  function forget(id: string): void {
    pending.forget(id);
    absent.forget(id);
    words.forget(id);
    restored.delete(id);
  }

  function confirm(detection: Detection, before: Finding, nowMs: number): void {
    const { isUnconfirmed: _unsure, doubt: _why, overSinceMs: _over, ...known } = before;
    const beganAtMs = Math.min(before.beganAtMs, detection.beganAtMs);
    open.set(before.id, { ...known, ...detection, beganAtMs, confirmedAtMs: nowMs });
    forget(before.id);
  }

  function openNew(id: string, detection: Detection, nowMs: number): Finding {
    const severity = FINDING_SEVERITIES[detection.kind];
    const finding: Finding = { ...detection, id, severity, openedAtMs: nowMs, confirmedAtMs: nowMs };
    open.set(id, finding);
    forget(id);
    return finding;
  }

  function takeFound({ found, steadiness }: KindJudgement, seen: Set<string>, nowMs: number): Finding[] {
    const opened: Finding[] = [];
    for (const detection of found) {
      const id = findingId(detection);
      seen.add(id);
      const known = open.get(id);
      if (known) {
        confirm(detection, known, nowMs);
        continue;
      }
      const { heldMs } = pending.hold(id, nowMs);
      if (heldMs >= steadiness.openAfterMs && open.size < MAX_OPEN) {
        opened.push(openNew(id, detection, nowMs));
      }
    }
    return opened;
  }

  function isGraced(id: string, steadiness: Steadiness | undefined, nowMs: number): boolean {
    return (
      restored.has(id) && !steadiness?.isToldAtOnce && nowMs - (firstUpdateMs ?? nowMs) < RESTORE_GRACE_MS
    );
  }

  /** Undefined: it stays open. */
  function clear(
    finding: Finding,
    judgement: KindJudgement | undefined,
    nowMs: number,
  ): ClearedFinding | undefined {
    const { id, key } = finding;
    const { steadiness, replaced, describeOver } = judgement ?? {};
    if (!replaced?.includes(key)) {
      if (isGraced(id, steadiness, nowMs)) return undefined;
      const { heldMs, beganAtMs: overSinceMs } = absent.hold(id, nowMs);
      const clearAfterMs = steadiness?.clearAfterMs ?? 0;
      if (heldMs < clearAfterMs) {
        const moment = { over: describeOver?.(finding), nowMs, overSinceMs, clearAfterMs };
        open.set(id, { ...words.sayOver(finding, moment), overSinceMs });
        return undefined;
      }
    }
    const { overSinceMs: _over, ...ended } = words.asFound(finding);
    open.delete(id);
    forget(id);
    return { ...ended, clearedAtMs: nowMs };
  }

  /** Only the reason changes: one that was confirmed and is on its way out stays so. */
  function doubt(id: string, why: Doubt): void {
    const finding = open.get(id);
    if (finding?.isUnconfirmed && finding.doubt !== why) open.set(id, doubted(finding, why));
  }

  /** The finding if it has cleared. */
  function settleAbsent(
    finding: Finding,
    judgement: KindJudgement | undefined,
    nowMs: number,
  ): ClearedFinding | undefined {
    if (!judgement || !isUnsure(judgement, finding.key)) {
      const cleared = clear(finding, judgement, nowMs);
      if (!cleared) doubt(finding.id, restored.has(finding.id) ? 'restart' : 'not_found');
      return cleared;
    }
    absent.note(finding.id, undefined, nowMs);
    const { overSinceMs: _over, ...unsure } = words.sayUnconfirmed(finding, nowMs);
    open.set(finding.id, doubted(unsure, 'stale_source'));
    return undefined;
  }

  /** What is not found is over, but for what cannot be judged. */
  function settlePending(
    seen: ReadonlySet<string>,
    byKind: ReadonlyMap<string, KindJudgement>,
    nowMs: number,
  ): void {
    for (const id of pending.held.keys()) {
      if (seen.has(id)) continue;
      const colon = id.indexOf(':');
      const judgement = byKind.get(id.slice(0, colon));
      pending.note(id, judgement && isUnsure(judgement, id.slice(colon + 1)) ? undefined : false, nowMs);
    }
  }

  return {
    findings: open,
    update(judgements, nowMs) {
      firstUpdateMs ??= nowMs;
      const seen = new Set<string>();
      const byKind = new Map<string, KindJudgement>();
      const opened: Finding[] = [];
      for (const judgement of judgements) {
        byKind.set(judgement.kind, judgement);
        opened.push(...takeFound(judgement, seen, nowMs));
      }
      settlePending(seen, byKind, nowMs);
      const unseen = [...open.values()].filter(({ id }) => !seen.has(id));
      const cleared = unseen.flatMap(
        (finding) => settleAbsent(finding, byKind.get(finding.kind), nowMs) ?? [],
      );
      return { opened, cleared };
    },
    fold(causeOf) {
      for (const finding of open.values()) {
        const cause = causeOf(finding);
        if (cause === finding.consequenceOf) continue;
        const { consequenceOf: _before, ...alone } = finding;
        open.set(finding.id, cause === undefined ? alone : { ...alone, consequenceOf: cause });
      }
    },
    save: () => [...open.values()].map(words.asFound),
  };
}

function doubted(finding: Finding, doubt: Doubt): Finding {
  return { ...finding, isUnconfirmed: true, doubt };
}

function isUnsure({ unsure }: Judgement, key: string): boolean {
  return unsure === 'all' || unsure.includes(key);
}

function readSaved(saved: unknown): readonly Finding[] {
  return Array.isArray(saved) ? saved.filter(isFinding).slice(0, MAX_OPEN) : [];
}

function isFinding(value: unknown): value is Finding {
  if (typeof value !== 'object' || value === null) return false;
  const { id, kind, key, subject, summary, evidence, clearsWhen, severity, ...times } = value as Record<
    string,
    unknown
  >;
  return (
    [id, key, summary, clearsWhen, severity].every((text) => typeof text === 'string') &&
    typeof kind === 'string' &&
    Object.hasOwn(FINDING_SEVERITIES, kind) &&
    id === findingId({ kind: kind as FindingKind, key: String(key) }) &&
    typeof subject === 'object' &&
    subject !== null &&
    Array.isArray(evidence) &&
    evidence.every((line) => typeof line === 'string') &&
    ['beganAtMs', 'openedAtMs', 'confirmedAtMs'].every((name) => Number.isFinite(times[name]))
  );
}
