/**
 * An orchestrator that is stuck because the worker with its document is stuck is a consequence of that, as on the page:
 * whoever is told of the worker need not be told again. Only a critical cause stands for a critical consequence, because
 * a mild one may wait for the morning.
 */

import type { Finding } from '../detectors/finding.js';

export function foldOrchestrators(findings: ReadonlyMap<string, Finding>): ReadonlyMap<string, Finding> {
  const orchestrators = [...findings.values()].filter(({ kind }) => kind === 'OrchestratorStuck');
  if (orchestrators.length === 0) return findings;
  const workers = new Map<string, string>();
  for (const { id, kind, subject, consequenceOf } of findings.values()) {
    // One that has a cause of its own is not told either: the cause is the orchestrator's too.
    if (kind === 'WorkerStuck') workers.set(keyOf(subject), consequenceOf ?? id);
  }
  const folded = new Map(findings);
  for (const finding of orchestrators) {
    const { id, subject, consequenceOf } = finding;
    const cause = subject.document === undefined ? undefined : workers.get(keyOf(subject));
    if (consequenceOf === undefined && cause !== undefined)
      folded.set(id, { ...finding, consequenceOf: cause });
  }
  return folded;
}

function keyOf({ stage, document }: Finding['subject']): string {
  return JSON.stringify([stage, document]);
}
