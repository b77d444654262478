/** Looks at the folder of progress files again and again, through a thread that a stalled mount may block. */

import { abortable } from '../../lib/abortable.js';
import { DeadlineError, withDeadline } from '../../lib/deadline.js';
import { formatDuration } from '../../lib/duration.js';
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

/** The poller's own limit comes only after the stall has been named. */
const MARGIN_MS = 1000;

export function createProgressSource(options: ProgressSourceOptions, context: SourceContext): Source {
  const { directory, intervalMs, stallLimitMs, script } = options;
  const { clock, log } = context;
  const thread = createSweeperThread({ directory, clock, log, script });
  const announcer = createProgressAnnouncer({ clock, log });

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
        let atMs: number | undefined;
        for (let isMore = true; isMore; ) {
          const { foreign, isPart = false, ...found } = await sweep(signal);
          // One look has one time, in however many parts it comes.
          atMs ??= clock.nowMs();
          announcer.announce({ ...found, ...(foreign && { foreign }) }, atMs);
          context.apply({ kind: 'progress-swept', atMs, isPart, ...found });
          isMore = isPart;
        }
        return [];
      },
      close: () => thread.close(),
    },
    context,
  );
}
