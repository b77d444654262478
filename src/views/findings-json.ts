/** Open findings as JSON, worst first, consequences after what stands alone. */

import type { Finding, Severity } from '../detectors/finding.js';
import type { Verdicts } from '../detectors/verdicts.js';
import { toIso } from './iso-time.js';

const RANKS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

export function renderFindings({ findings }: Verdicts) {
  return [...findings.values()].toSorted(byWeight).map(renderFinding);
}

function byWeight(one: Finding, other: Finding): number {
  return rankOf(one) - rankOf(other) || one.beganAtMs - other.beganAtMs;
}

function rankOf({ severity, consequenceOf }: Finding): number {
  return RANKS[severity] + (consequenceOf === undefined ? 0 : Object.keys(RANKS).length);
}

function renderFinding(finding: Finding) {
  const { container, stage, queue, vhost, gpu, uuid, source, document } = finding.subject;
  return {
    id: finding.id,
    kind: finding.kind,
    severity: finding.severity,
    container: container ?? null,
    stage: stage ?? null,
    queue: queue ?? null,
    vhost: vhost ?? null,
    gpu: gpu ?? null,
    uuid: uuid ?? null,
    source: source ?? null,
    document: document ?? null,
    summary: finding.summary,
    evidence: finding.evidence,
    clearsWhen: finding.clearsWhen,
    beganAt: toIso(finding.beganAtMs),
    openedAt: toIso(finding.openedAtMs),
    confirmedAt: toIso(finding.confirmedAtMs),
    unconfirmed: finding.isUnconfirmed ?? false,
    unconfirmedBecause: finding.doubt ?? null,
    consequenceOf: finding.consequenceOf ?? null,
  };
}
