/** Sends the digest each day at the configured time, also when the daemon was too busy to look at the clock just then. */

import { type Logger as CronLogger, createTask, type ScheduledTask } from 'node-cron';
import type { AlertsConfig } from '../config/alerts-section.js';
import { describeError } from '../lib/describe-error.js';
import type { Logger } from '../lib/logger.js';

type DigestSettings = Pick<AlertsConfig, 'digest' | 'timezone'>;

export interface DigestSchedule {
  follow(settings: DigestSettings): void;
  stop(): void;
}

/** A beat that comes later than this is said to be missed, and made up for. */
const TOLERANCE_MS = 60_000;

export function createDigestSchedule(send: () => void, log: Logger): DigestSchedule {
  let task: ScheduledTask | undefined;
  let current = '';

  function stop(): void {
    void task?.destroy();
    task = undefined;
    current = '';
  }

  return {
    follow({ digest: { at }, timezone }) {
      const wanted = `${at} ${timezone}`;
      if (wanted === current) return;
      stop();
      if (at === null) return;
      current = wanted;
      const [hour, minute] = at.split(':').map(Number);
      task = createTask(`${minute} ${hour} * * *`, send, {
        name: 'digest',
        noOverlap: true,
        missedExecutionTolerance: TOLERANCE_MS,
        unref: true,
        logger: cronLogger(log),
        ...(timezone !== null && { timezone }),
      });
      task.on('execution:missed', send);
      void task.start();
    },
    stop,
  };
}

function cronLogger(log: Logger): CronLogger {
  const problemOf = (message: string | Error, error?: Error) => ({
    problem: describeError(error ?? message),
  });
  return {
    info: (message) => log.debug({ message }, 'schedule'),
    warn: (message) => log.warn({ problem: message }, 'the schedule of the digest'),
    error: (message, error) => log.error(problemOf(message, error), 'the schedule of the digest'),
    debug: (message, error) => log.debug(problemOf(message, error), 'schedule'),
  };
}
