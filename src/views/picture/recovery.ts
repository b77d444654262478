/** What recovery may do, is doing and has done: its mode, its budgets, the newest restarts. */

import type { FleetJson, RecoveryJson } from './api-shapes.js';
import { elapsedMs, formatDuration, formatNumbered, parseTime } from './format.js';

export interface RecoveryView {
  readonly mode: 'off' | 'dry run' | 'on';
  /** `restarts are on, 17 of 20 left in 1h00m`. */
  readonly text: string;
  readonly inFlight: readonly { readonly container: string; readonly forMs: number | null }[];
  /** Newest first. */
  readonly recent: readonly RestartView[];
  /** Restarts left by stage that has workers, the fewest first. */
  readonly stageBudgets: readonly { readonly stage: string; readonly remaining: number }[];
}

export interface RestartView {
  readonly container: string;
  readonly stage: string | null;
  /** recovered, not_recovered, failed, dry_run. */
  readonly result: string;
  readonly agoMs: number | null;
  readonly by: string | null;
  /** Why it was asked for; of one that failed, how. */
  readonly why: string | null;
  /** Folder of what was saved before. */
  readonly evidence: string | null;
}

export function describeRecovery(
  recovery: RecoveryJson,
  { workers }: Pick<FleetJson, 'workers'>,
  nowMs: number,
): RecoveryView {
  const served = new Set((workers ?? []).map(({ stage }) => stage));
  const mode = !recovery.enabled ? 'off' : recovery.dryRun ? 'dry run' : 'on';
  return {
    mode,
    text: sayMode(mode, recovery),
    inFlight: (recovery.inFlight ?? []).map(({ container, startedAt }) => ({
      container,
      forMs: elapsedMs(parseTime(startedAt), nowMs),
    })),
    recent: (recovery.recent ?? []).map((restart) => ({
      container: restart.container,
      stage: restart.stage ?? null,
      result: restart.result ?? (restart.dryRun ? 'dry_run' : 'failed'),
      agoMs: elapsedMs(parseTime(restart.at), nowMs),
      by: restart.by ?? null,
      why: (restart.result === 'failed' ? restart.text : null) ?? restart.why ?? null,
      evidence: restart.evidence ?? null,
    })),
    stageBudgets: (recovery.stages ?? [])
      .filter(({ stage }) => served.has(stage))
      .map(({ stage, budgetRemaining }) => ({ stage, remaining: budgetRemaining ?? 0 }))
      .toSorted((one, other) => one.remaining - other.remaining),
  };
}

function sayMode(mode: RecoveryView['mode'], { fleetBudget }: RecoveryJson): string {
  if (mode === 'off') return 'restarts are off: nothing is restarted by itself';
  const { remaining, max, windowMs } = fleetBudget ?? {};
  const what = mode === 'on' ? 'restarts are on' : 'dry run: restarts are only planned';
  if (typeof remaining !== 'number') return what;
  const left = typeof max === 'number' ? `${remaining} of ${max}` : formatNumbered(remaining, 'restart');
  const within = typeof windowMs === 'number' ? ` in ${formatDuration(windowMs)}` : '';
  return `${what}, ${left} left${within}`;
}
