/** Open findings as JSON, worst first, consequences after what stands alone. */

import type { Finding, Severity } from '../detectors/finding.js';
import type { Verdicts } from '../detectors/verdicts.js';
import { toIso } from './iso-time.js';

const RANKS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

export function renderFindings({ findings }: Verdicts) {
  const ranks = rankAll(findings);
  const rankOf = ({ id }: Finding): number => ranks.get(id) ?? 0;
  return [...findings.values()]
    .toSorted((one, other) => rankOf(one) - rankOf(other) || one.beganAtMs - other.beganAtMs)
    .map(renderFinding);
}

/** What others follow from comes as early as the worst of them would. */
function rankAll(findings: Verdicts['findings']): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  for (const { id, severity, consequenceOf } of findings.values()) {
    const own = RANKS[severity];
    const isConsequence = consequenceOf !== undefined && findings.has(consequenceOf);
    ranks.set(id, isConsequence ? own + Object.keys(RANKS).length : Math.min(own, ranks.get(id) ?? own));
    if (isConsequence) ranks.set(consequenceOf, Math.min(own, ranks.get(consequenceOf) ?? own));
  }
  return ranks;
}

function renderFinding(finding: Finding) {
  const { container, stage, queue, vhost, gpu, uuid, source, document, channel } = finding.subject;
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
    channel: channel ?? null,
    summary: finding.summary,
    evidence: finding.evidence,
    clearsWhen: finding.clearsWhen,
    beganAt: toIso(finding.beganAtMs),
    openedAt: toIso(finding.openedAtMs),
    confirmedAt: toIso(finding.confirmedAtMs),
    unconfirmed: finding.isUnconfirmed ?? false,
    unconfirmedBecause: finding.doubt ?? null,
    overSince: toIso(finding.overSinceMs),
    consequenceOf: finding.consequenceOf ?? null,
  };
}
