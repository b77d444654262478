/**
 * `stagewatch test-notification`: sends one message by each configured channel, and says of each whether it arrived.
 * From the configuration alone, without the daemon: what is tried is what the daemon would do from here.
 */

import { existsSync, readFileSync } from 'node:fs';
import { describeTargets, sendTestNotification } from '../alerting/test-notification.js';
import { renderFault } from '../config/config-fault.js';
import { loadConfig } from '../config/load-config.js';
import { systemClock } from '../lib/clock.js';
import { escapeControls } from '../lib/escape-controls.js';
import type { CommandContext } from './command-context.js';
import { EXIT_CODES } from './exit-codes.js';

const DEFAULT_FILE = 'stagewatch.yaml';

export async function testNotification(
  options: { readonly config?: string },
  { env, write, writeError }: CommandContext,
): Promise<number> {
  const file =
    options.config ?? env['STAGEWATCH_CONFIG'] ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const loaded = loadConfig({ file, env, readFile: (path) => readFileSync(path, 'utf8') });
  if (loaded.kind === 'faulty') {
    for (const fault of loaded.faults) writeError(`${renderFault(fault)}\n`);
    return EXIT_CODES.badConfiguration;
  }
  const targets = describeTargets(loaded.config);
  if (targets.length === 0) {
    writeError(
      'stagewatch: no channel is configured: set alerts.email, alerts.webhook or alerts.alertmanager\n',
    );
    return EXIT_CODES.failed;
  }
  let isWell = true;
  for (const target of targets) {
    const problem = await sendTestNotification(target, loaded.config, systemClock);
    isWell &&= problem === undefined;
    write(
      problem === undefined
        ? `sent    ${target.title}\n`
        : `FAILED  ${target.title}: ${escapeControls(problem)}\n`,
    );
  }
  return isWell ? EXIT_CODES.ok : EXIT_CODES.failed;
}
