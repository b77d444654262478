/** What really happened in a simulated run: the label that detection is measured against. */

import type { FaultKind } from './fault-plan.js';

export interface TruthSubject {
  readonly container?: string;
  stage?: string;
  readonly gpu?: string;
  readonly document?: string;
  readonly source?: string;
  readonly queue?: string;
}

export interface FaultTruth extends TruthSubject {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** From when on the sources show it; infinite while they do not. */
  observableAtMs: number;
  endedAtMs?: number;
  /** Kinds of findings any of which tells of it; none: nothing has to be found. */
  readonly expects: readonly string[];
  /** Kinds that would be false of its subject, although it is struck; `all`: whatever is found of it. */
  readonly forbids?: readonly string[] | 'all';
  /** It was over at once, by the pipeline's own doing. */
  isTransient?: true;
  /** All containers that it struck, where they are several. */
  members?: string[];
}
