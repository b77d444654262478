/** What the daemon makes of a fleet before its first evaluation: nothing. */

import { FINDING_KINDS, type FindingKind } from '../../src/detectors/finding.js';
import type { Verdicts } from '../../src/detectors/verdicts.js';
import { emptyHistogram } from '../../src/lib/histogram.js';
import type { DaemonFacts } from '../../src/metrics/daemon-facts.js';
import { createSentinelCounter } from '../../src/recovery/fail-fast/sentinel-counts.js';

export const NO_VERDICTS: Verdicts = {
  atMs: 0,
  workers: new Map(),
  orchestrators: new Map(),
  limits: new Map(),
  stageWorkers: new Map(),
  stageOrchestrators: new Map(),
  findings: new Map(),
};

export const NO_DAEMON_FACTS: DaemonFacts = {
  verdicts: NO_VERDICTS,
  findingsOpened: Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])) as Record<FindingKind, number>,
  evaluations: { durations: emptyHistogram([0.1]), lastAtMs: 0 },
  journal: { dropped: 0, isWritable: true },
  recovery: new Map(),
  failureSentinels: createSentinelCounter().counts,
  notifications: {
    email: { sent: 0, failed: 0 },
    alertmanager: { sent: 0, failed: 0 },
    webhook: { sent: 0, failed: 0 },
  },
};
