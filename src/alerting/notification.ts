/** What is sent to one target at one moment, and why. */

import type { Finding, FindingKind, Severity } from '../detectors/finding.js';
import type { Target } from './target.js';

/**
 * `new`: nobody was told yet. `grew`: more of its kind and stage. `repeat`: still open. `flapping`: it comes and goes,
 * and is not told each time from now on. `silence_ended`: a silence kept it back, and it is still open.
 */
export type SendReason = 'new' | 'grew' | 'repeat' | 'resolved' | 'flapping' | 'silence_ended';

/** What was told of, and has ended. */
export interface EndedFinding {
  readonly id: string;
  readonly subject: Finding['subject'];
  /** As it was told last. */
  readonly summary: string;
  readonly clearsWhen: string;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

export interface Notification {
  /** The same at every attempt and over restarts of the daemon: receivers know by it what they have. */
  readonly id: string;
  /** Id of the first message about the same trouble; equal to `id` in the first. */
  readonly threadId: string;
  readonly target: Target;
  readonly group: string;
  readonly reason: SendReason;
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly stage?: string;
  readonly createdAtMs: number;
  /** Open ones, those that began first at the front; of more than 20 only the first. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  /** Those among them that nobody was told of yet. */
  readonly newIds: readonly string[];
  /** Told before, and ended since; of more than 20 only some. */
  readonly ended: readonly EndedFinding[];
  readonly endedCount: number;
  /** What follows from the findings, worst first; of more than 20 only some. */
  readonly consequences: readonly Finding[];
  readonly consequenceCount: number;
  /** How often it opened within the window of flapping, where that is the reason. */
  readonly opens?: number;
  /** So many earlier messages on the same could not be delivered, and this one is sent in their place. */
  readonly replaced?: number;
}

export const MAX_LISTED = 20;
const MAX_EVIDENCE_LINES = 20;
const MAX_EVIDENCE_LENGTH = 2000;

/** A finding as it is kept and sent: bounded, whatever is in it. */
export function boundFinding(finding: Finding): Finding {
  return {
    ...finding,
    summary: finding.summary.slice(0, MAX_EVIDENCE_LENGTH),
    evidence: finding.evidence.slice(0, MAX_EVIDENCE_LINES).map((line) => line.slice(0, MAX_EVIDENCE_LENGTH)),
  };
}
