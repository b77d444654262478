/**
 * `stagewatch test-notification`: sends one message by each configured channel, and says of each whether it arrived.
 * From the configuration alone, without the daemon: what is tried is what the daemon would do from here.
 */

import { describeTargets, sendTestNotification } from '../alerting/test-notification.js';
import { systemClock } from '../lib/clock.js';
import type { CommandContext } from './command-context.js';
import { DaemonError, readDaemonConfig } from './daemon-client.js';
import { EXIT_CODES } from './exit-codes.js';

export async function testNotification(
  options: { readonly config?: string },
  context: CommandContext,
): Promise<number> {
  const { write, writeError } = context;
  let isWell = true;
  try {
    const settings = readDaemonConfig(options.config, context);
    const targets = describeTargets(settings);
    if (targets.length === 0) {
      writeError(
        'stagewatch: no channel is configured: set alerts.email, alerts.webhook or alerts.alertmanager\n',
      );
      return EXIT_CODES.badStart;
    }
    for (const target of targets) {
      const problem = await sendTestNotification(target, settings, systemClock);
      isWell &&= problem === undefined;
      write(
        `${problem === undefined ? 'sent  ' : 'FAILED'}  ${target.title}${problem === undefined ? '' : `: ${problem}`}\n`,
      );
    }
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    writeError(`stagewatch: ${error.message}\n`);
    return EXIT_CODES.badConfiguration;
  }
  return isWell ? EXIT_CODES.ok : EXIT_CODES.badStart;
}
