/** SourceDown: a source that is watched has failed for longer than `source_down_after`. */

import { formatDuration } from '../lib/duration.js';
import type { Detector } from './scene.js';

export const sourceDown: Detector = {
  kind: 'SourceDown',
  steadiness: ({ detection }) => ({
    openAfterMs: detection.interval,
    clearAfterMs: 10_000,
    isToldAtOnce: true,
  }),
  detect({ fleet, settings, nowMs }) {
    const found = [...fleet.sources.values()].flatMap((health) => {
      const {
        source,
        isUp,
        lastSuccessAtMs,
        lastAttemptAtMs,
        problem = 'it has not answered yet',
        target,
      } = health;
      if (isUp !== false) return [];
      const sinceMs = lastSuccessAtMs ?? lastAttemptAtMs ?? nowMs;
      const downMs = nowMs - sinceMs;
      // Never read since the daemon's start, it has no last success to count from.
      if (lastSuccessAtMs !== undefined && downMs < settings.detection.source_down_after) return [];
      const lastRead =
        lastSuccessAtMs === undefined ? 'never read yet' : `last read ${formatDuration(downMs)} ago`;
      return {
        kind: 'SourceDown' as const,
        key: source,
        subject: { source },
        summary: `${source} cannot be read: ${problem}`,
        evidence: [problem, lastRead, `watched at ${target}`],
        clearsWhen: 'The source is read again.',
        beganAtMs: sinceMs,
      };
    });
    // One that fails, but not for long, or was not asked yet, is no better than it was.
    const unread = [...fleet.sources.values()].filter(({ isUp }) => isUp !== true);
    return { found, unsure: unread.map(({ source }) => source) };
  },
};
