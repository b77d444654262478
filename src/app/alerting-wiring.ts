/** Wires notifications to the rest of the daemon: what recovery knows, the daily digest, journal and state. */

import { resolve } from 'node:path';
import { type Alerting, createAlerting } from '../alerting/alerting.js';
import type { NotesOf } from '../alerting/message-maker.js';
import type { Config } from '../config/schema.js';
import type { Finding } from '../detectors/finding.js';
import type { Journal } from '../journal/journal.js';
import type { StateFile } from '../journal/state-file.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import type { Recovery } from '../recovery/recovery.js';
import { createDigestSchedule } from './digest-schedule.js';

export interface AlertingWiring {
  readonly config: Config;
  readonly state: StateFile;
  readonly journal: Journal;
  readonly recovery: Pick<Recovery, 'notesOf'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export function wireAlerting({ config, state, journal, recovery, clock, log }: AlertingWiring): Alerting {
  const ownLog = log.child({ component: 'alerting' });
  const notesOf: NotesOf = async (finding: Finding) => {
    const { evidenceFolder, ...notes } = await recovery.notesOf(finding);
    return {
      ...notes,
      ...(evidenceFolder !== undefined && { evidenceFolder: resolve(config.data_dir, evidenceFolder) }),
    };
  };
  const alerting = createAlerting({ settings: config, state, journal, clock, log: ownLog, notesOf });
  const digest = createDigestSchedule(alerting.sendDigest, ownLog);
  return {
    ...alerting,
    get counts() {
      return alerting.counts;
    },
    get standings() {
      return alerting.standings;
    },
    get outbox() {
      return alerting.outbox;
    },
    get channels() {
      return alerting.channels;
    },
    start() {
      alerting.start();
      digest.follow(config.alerts);
    },
    setSettings(next) {
      alerting.setSettings(next);
      digest.follow(next.alerts);
    },
    stop() {
      digest.stop();
      return alerting.stop();
    },
  };
}
