/** Writes into the journal which findings opened, and which cleared after how long. */

import type { Outcome } from '../detectors/evaluation.js';
import type { Finding } from '../detectors/finding.js';
import type { Journal } from '../journal/journal.js';

export function journalOutcome({ opened, cleared }: Outcome, journal: Pick<Journal, 'append'>): void {
  for (const finding of opened) {
    const { severity, evidence, consequenceOf } = finding;
    journal.append({ type: 'finding_opened', ...describe(finding), severity, evidence, consequenceOf });
  }
  for (const finding of cleared) {
    const { beganAtMs, openedAtMs, clearedAtMs } = finding;
    const lasted = { lastedMs: clearedAtMs - beganAtMs, openMs: clearedAtMs - openedAtMs };
    journal.append({ type: 'finding_cleared', ...describe(finding), ...lasted });
  }
}

function describe({ id, kind, subject, summary, beganAtMs }: Finding) {
  const { container, stage, queue, gpu, source, document } = subject;
  return {
    id,
    kind,
    container,
    stage,
    queue,
    gpu,
    source,
    document,
    summary,
    beganAt: new Date(beganAtMs).toISOString(),
  };
}
