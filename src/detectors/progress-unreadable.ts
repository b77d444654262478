/** ProgressUnreadable: a progress file has been of no use for a minute, so its worker cannot be judged. */

import type { ProgressIgnoreReason } from '../fleet/progress-model.js';
import type { Detector } from './scene.js';

/** A writer that does not rename leaves half a file for a moment. */
const OPEN_AFTER_MS = 60_000;
const CLEAR_AFTER_MS = 10_000;
const MAX_FOUND = 200;
/** Not every entry of the folder is meant to be progress. */
const NOT_PROGRESS: ReadonlySet<ProgressIgnoreReason> = new Set<ProgressIgnoreReason>([
  'directory',
  'not_a_file',
  'symlink',
]);

export const progressUnreadable: Detector = {
  kind: 'ProgressUnreadable',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect({ fleet, isFresh }) {
    if (!isFresh('progress')) return { found: [], unsure: 'all' };
    const unusable = [...fleet.ignoredProgressFiles.values()].filter(
      ({ reason }) => !NOT_PROGRESS.has(reason),
    );
    const found = unusable.slice(0, MAX_FOUND).map(({ file, reason, detail, sinceMs }) => {
      const container = file.replace(/\.json$/, '');
      const worker = fleet.workers.get(container);
      return {
        kind: 'ProgressUnreadable' as const,
        key: file,
        subject: { container, ...(worker?.stage !== undefined && { stage: worker.stage }) },
        summary: `${file} cannot be used: ${reason}`,
        evidence: [detail, 'while it cannot be read, its worker is unknown'],
        clearsWhen: 'The file is written anew as docs/progress.md says, or is removed.',
        beganAtMs: sinceMs,
      };
    });
    return { found, unsure: [] };
  },
};
