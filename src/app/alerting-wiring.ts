/** Wires notifications to the rest of the daemon: what recovery knows, the daily digest, journal and state. */

import { resolve } from 'node:path';
import { type Alerting, createAlerting } from '../alerting/alerting.js';
import type { MessageCommand } from '../alerting/message-command.js';
import type { NotesOf } from '../alerting/message-maker.js';
import type { Config } from '../config/schema.js';
import type { Finding } from '../detectors/finding.js';
import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { Journal } from '../journal/journal.js';
import type { StateFile } from '../journal/state-file.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import type { Recovery } from '../recovery/recovery.js';
import { renderFleetJson } from '../views/fleet-json.js';
import { listProblems } from '../views/picture/problems.js';
import { createDigestSchedule } from './digest-schedule.js';

export interface AlertingWiring {
  readonly config: Config;
  readonly state: StateFile;
  readonly journal: Journal;
  readonly fleet: Fleet;
  readonly verdicts: () => Verdicts;
  readonly recovery: Pick<Recovery, 'notesOf'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export function wireAlerting(wiring: AlertingWiring): Alerting {
  const { config, state, journal, fleet, verdicts, recovery, clock, log } = wiring;
  const ownLog = log.child({ component: 'alerting' });
  const notesOf: NotesOf = async (finding: Finding) => {
    const { evidenceFolder, ...notes } = await recovery.notesOf(finding);
    return {
      ...notes,
      ...(evidenceFolder !== undefined && { evidenceFolder: resolve(config.data_dir, evidenceFolder) }),
    };
  };
  const alerting = createAlerting({
    settings: config,
    state,
    journal,
    clock,
    log: ownLog,
    notesOf,
    commandsOf: (findings) => commandsIn(findings, { fleet, verdicts: verdicts(), nowMs: clock.nowMs() }),
  });
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

interface Moment {
  readonly fleet: Fleet;
  readonly verdicts: Verdicts;
  readonly nowMs: number;
}

/** The same as every other view offers; made for messages only, of which there are few. */
function commandsIn(
  findings: readonly Finding[],
  { fleet, verdicts, nowMs }: Moment,
): ReadonlyMap<string, readonly MessageCommand[]> {
  const { problems } = listProblems(renderFleetJson(fleet, verdicts, nowMs), null, nowMs);
  const asked = new Set(findings.map(({ id }) => id));
  const all = problems.flatMap((problem) => [problem, ...problem.consequences]);
  return new Map(all.filter(({ id }) => asked.has(id)).map(({ id, commands }) => [id, commands]));
}
