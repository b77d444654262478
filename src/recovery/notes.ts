/** What people who are told of a finding want to know of recovery: what it decided and why, the evidence, the last log lines. */

import type { Finding } from '../detectors/finding.js';
import type { Fleet } from '../fleet/model.js';
import type { Clock } from '../lib/clock.js';
import { formatDuration } from '../lib/duration.js';
import { scrubCredentials } from '../lib/scrub.js';
import type { WorkerPlan } from './decision.js';
import type { EnginePort } from './engine-port.js';
import type { DoneRestart, RecoveryRecord } from './record.js';

export interface Notes {
  /** A sentence or two. */
  readonly recovery?: string;
  /** Relative to the data directory. */
  readonly evidenceFolder?: string;
  readonly logLines?: readonly string[];
}

export interface NotesFacts {
  readonly fleet: Fleet;
  readonly plans: readonly WorkerPlan[];
  readonly record: Pick<RecoveryRecord, 'recent'>;
  readonly engine: () => EnginePort | undefined;
  readonly clock: Clock;
}

const LOG_LINES = 15;
const LOG_BYTES = 4096;
const RECENT_MS = 3_600_000;

/** Never rejects: what cannot be had is left out. */
export async function notesOf({ kind, subject, beganAtMs }: Finding, facts: NotesFacts): Promise<Notes> {
  const { identity, container: name } = subject;
  if (identity === undefined || name === undefined) return {};
  const nowMs = facts.clock.nowMs();
  const plan = facts.plans.find((one) => one.identity === identity);
  const last = facts.record.recent.find(
    ({ container, atMs }) => container === name && nowMs - atMs < RECENT_MS,
  );
  // A finding about restarts that changed nothing is about the earlier ones too.
  const isEarlier =
    last !== undefined && kind !== 'RestartsExhausted' && isOfEarlierIncident(last, beganAtMs);
  const sentences = [
    ...(last && !(plan && last.result === 'dry_run') ? [describeRestart(last, isEarlier, nowMs)] : []),
    ...(plan ? [`${DECIDED[plan.decision]}: ${plan.text}.`] : []),
  ];
  const logLines = await lastLines(identity, facts);
  return {
    ...(sentences.length > 0 && { recovery: sentences.join(' ') }),
    ...(last?.evidence !== undefined && !isEarlier && { evidenceFolder: last.evidence }),
    ...(logLines.length > 0 && { logLines }),
  };
}

/**
 * A restart that worked was for what began before it. One that failed may itself have brought about what began while it
 * was under way.
 */
function isOfEarlierIncident(
  { result, atMs, tookMs }: Pick<DoneRestart, 'result' | 'atMs' | 'tookMs'>,
  beganAtMs: number,
): boolean {
  return (result === 'recovered' ? atMs : atMs + tookMs) < beganAtMs;
}

const DONE: Readonly<Record<DoneRestart['result'], string>> = {
  recovered: 'Restarted',
  not_recovered: 'Restarted without success',
  failed: 'A restart failed',
  dry_run: 'Would have been restarted',
};

/** What came of an earlier restart says nothing of what is wrong now. */
function describeRestart({ atMs, by, result, text }: DoneRestart, isEarlier: boolean, nowMs: number): string {
  if (result === 'dry_run') return `${DONE.dry_run} ${formatDuration(nowMs - atMs)} ago (dry run).`;
  const said = `${DONE[result]} ${formatDuration(nowMs - atMs)} ago (by ${by})`;
  return isEarlier ? `${said}, before this began.` : `${said}: ${text}.`;
}

const DECIDED: Readonly<Record<WorkerPlan['decision'], string>> = {
  restart: 'It is restarted',
  wait: 'Recovery waits',
  notify: 'Recovery leaves it to people',
  refuse: 'Recovery does not restart it',
};

async function lastLines(identity: string, { fleet, engine }: NotesFacts): Promise<readonly string[]> {
  const id = fleet.containers.get(identity)?.id;
  const port = engine();
  if (id === undefined || !port) return [];
  const answer = await port.look(id);
  if (answer.kind !== 'seen') return [];
  const logs = await port.logs(answer.look, { maxLines: LOG_LINES, maxBytes: LOG_BYTES });
  return logs.kind === 'read' ? logs.value.lines.map(({ text }) => scrubCredentials(text)) : [];
}
