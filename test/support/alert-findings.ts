/** Findings and settings for tests of notifications, as the evaluation and a user would give them. */

import type { AlertSettings } from '../../src/alerting/alert-settings.js';
import { configSchema } from '../../src/config/schema.js';
import { FINDING_SEVERITIES, type Finding, type FindingKind } from '../../src/detectors/finding.js';

export const T0 = 1_763_900_000_000;

export const STAGES = [
  { id: 'G3_02', name: 'Witnesses', workers: 'paddle-worker-*' },
  { id: 'G5_00', name: 'Tables', workers: 'table-worker-*' },
];

/** Mail to ops@example.com, unless `alerts` says otherwise; written as a user would. */
export function settingsWith(alerts: object = {}): AlertSettings {
  const email = { smtp_url: 'smtp://mail.example.com', to: ['ops@example.com'] };
  return configSchema.parse({ stages: STAGES, alerts: { email, ...alerts } });
}

/** `name` is the key and, for kinds about containers, the container. */
export function findingOf(kind: FindingKind, name: string, more: Partial<Finding> = {}): Finding {
  return {
    kind,
    key: name,
    id: `${kind}:${name}`,
    severity: FINDING_SEVERITIES[kind],
    subject: { container: name, identity: name, stage: 'G3_02' },
    summary: '7m12s without progress',
    evidence: ['container used 0.0 CPU-s in 6m40s', 'page 12 of 40 of PMC1'],
    clearsWhen: 'Its progress moves, its job ends, or its container is started again.',
    beganAtMs: T0 - 432_000,
    openedAtMs: T0,
    confirmedAtMs: T0,
    ...more,
  };
}
