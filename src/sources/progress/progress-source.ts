/** Looks at the folder of progress files again and again, through a thread that a stalled mount may block. */

import { abortable } from '../../lib/abortable.js';
import { DeadlineError, withDeadline } from '../../lib/deadline.js';
import { formatDuration } from '../../lib/duration.js';
import { createLogQuota } from '../../lib/log-quota.js';
import { createPolledSource } from '../poller.js';
import type { Source, SourceContext } from '../source.js';
import { SourceError } from '../source-error.js';
import { createProgressAnnouncer } from './progress-announcer.js';
import type { DirectorySweep } from './sweep-directory.js';
import { createSweeperThread } from './sweeper-thread.js';

export interface ProgressSourceOptions {
  readonly directory: string;
  readonly intervalMs: number;
  /** No answer for so long, and the mount counts as stalled. */
  readonly stallLimitMs: number;
  /** Another file for the thread to run, for tests. */
  readonly script?: URL;
}

const FOREIGN =
  'a progress file is owned by a user who does not usually write there; such files may cause restarts';

/** The poller's own limit comes only after the stall has been named. */
const MARGIN_MS = 1000;

export function createProgressSource(options: ProgressSourceOptions, context: SourceContext): Source {
  const { directory, intervalMs, stallLimitMs, script } = options;
  const { clock, log } = context;
  const thread = createSweeperThread({ directory, clock, log, script });
  const announcer = createProgressAnnouncer(log);
  const quota = createLogQuota({ clock, log });

  async function sweep(signal: AbortSignal): Promise<DirectorySweep> {
    // A stop must not wait for a mount.
    const looked = abortable(thread.sweep(clock.monotonicMs()), signal, () => new Error('stopped'));
    try {
      return await withDeadline(looked, { clock, limitMs: stallLimitMs, what: directory });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new SourceError(
        'timeout',
        `the folder ${directory} has not answered for ${formatDuration(stallLimitMs)}: its mount is stalled; ` +
          'check the file server, then remount it',
      );
    }
  }

  return createPolledSource(
    {
      name: 'progress',
      target: directory,
      intervalMs,
      timeLimitMs: stallLimitMs + MARGIN_MS,
      async read(signal) {
        const { isComplete, changed, removed, skipped, foreign = [] } = await sweep(signal);
        const atMs = clock.nowMs();
        announcer.announce({ isComplete, changed, removed, skipped }, atMs);
        for (const { name, uid } of foreign) {
          quota.warn('foreign', { file: `${name}.json`, uid }, FOREIGN);
        }
        return [{ kind: 'progress-swept', atMs, isComplete, changed, removed, skipped }];
      },
      close: () => thread.close(),
    },
    context,
  );
}
