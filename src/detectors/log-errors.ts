/** LogErrors: the logs of workers of a stage had lines that fit a pattern of `logs.patterns` within `logs.cooldown`. */

import type { LogTrouble } from '../fleet/log-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector } from './scene.js';

const CLEAR_AFTER_MS = 10_000;
const MAX_CONTAINERS = 3;

export const logErrors: Detector = {
  kind: 'LogErrors',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect({ fleet, settings, nowMs, isFresh }) {
    const { cooldown } = settings.logs;
    const groups = new Map<string, LogTrouble[]>();
    for (const trouble of fleet.logTroubles.values()) {
      if (nowMs - trouble.atMs > cooldown) continue;
      const key = `${trouble.stage ?? ''}/${trouble.pattern}`;
      const group = groups.get(key);
      if (group) group.push(trouble);
      else groups.set(key, [trouble]);
    }
    const found = [...groups].map(([key, troubles]) => describe(key, troubles, { nowMs, cooldown }));
    return { found, unsure: isFresh('docker') ? [] : 'all' };
  },
};

function describe(
  key: string,
  troubles: readonly LogTrouble[],
  { nowMs, cooldown }: { readonly nowMs: number; readonly cooldown: number },
): Detection {
  const newest = troubles.toSorted((one, other) => other.atMs - one.atMs);
  const { pattern = '', stage } = newest[0] ?? {};
  const lines = troubles.reduce((sum, { count }) => sum + count, 0);
  const more = newest.length - MAX_CONTAINERS;
  return {
    kind: 'LogErrors',
    key,
    subject: { ...(stage !== undefined && { stage }) },
    summary: `${pattern}: ${counted(lines, 'line')} in the logs of ${counted(newest.length, 'worker')}`,
    evidence: [
      ...newest
        .slice(0, MAX_CONTAINERS)
        .map(({ container, atMs, line }) => `${container}, ${formatDuration(nowMs - atMs)} ago: ${line}`),
      ...(more > 0 ? [`${counted(more, 'worker')} more`] : []),
    ],
    clearsWhen: `No line fits for ${formatDuration(cooldown)}.`,
    beganAtMs: Math.min(...troubles.map(({ firstAtMs }) => firstAtMs)),
  };
}

/** The newest line of one worker that fits a pattern, as evidence of what else is wrong with it. */
export function lastWordOf(
  identity: string,
  troubles: ReadonlyMap<string, LogTrouble>,
  { nowMs, sinceMs }: { readonly nowMs: number; readonly sinceMs: number },
): readonly string[] {
  let newest: LogTrouble | undefined;
  for (const trouble of troubles.values()) {
    if (trouble.identity === identity && trouble.atMs >= (newest?.atMs ?? sinceMs)) newest = trouble;
  }
  return newest
    ? [`its log ${formatDuration(nowMs - newest.atMs)} ago (${newest.pattern}): ${newest.line}`]
    : [];
}
