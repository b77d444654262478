/** What is said of findings that stay open though they are not found now: never their last numbers as if these were live. */

import { formatDuration } from '../lib/duration.js';
import type { Detection, Finding } from './finding.js';
import type { OverWords } from './scene.js';

type Words = Pick<Detection, 'summary' | 'evidence'>;

export interface HeldWords {
  /** It is no longer so, and clears when that has lasted. */
  sayOver(finding: Finding, moment: OverMoment): Finding;
  /** It cannot be judged. */
  sayUnconfirmed(finding: Finding, nowMs: number): Finding;
  /** With the words with which it was found last. */
  asFound: (finding: Finding) => Finding;
  forget(id: string): void;
}

export interface OverMoment {
  readonly over: OverWords | undefined;
  readonly nowMs: number;
  readonly overSinceMs: number;
  readonly clearAfterMs: number;
}

const OVER: OverWords = { what: 'no longer so' };

export function createHeldWords(): HeldWords {
  const lastWords = new Map<string, Words>();

  function wordsOf({ id, summary, evidence }: Finding): Words {
    const words = lastWords.get(id) ?? { summary, evidence };
    lastWords.set(id, words);
    return words;
  }

  return {
    sayOver(finding, { over = OVER, nowMs, overSinceMs, clearAfterMs }) {
      const { summary } = wordsOf(finding);
      const forMs = nowMs - overSinceMs;
      const lasting = forMs < 1000 ? over.what : `${over.what} for ${formatDuration(forMs)}`;
      return {
        ...finding,
        summary: over.now === undefined ? lasting : `${lasting}, now ${over.now}`,
        evidence: [
          `when it was last found: ${summary}`,
          `it clears when this has lasted ${formatDuration(clearAfterMs)}`,
        ],
      };
    },
    sayUnconfirmed(finding, nowMs) {
      const { summary, evidence } = wordsOf(finding);
      const agoMs = Math.max(0, nowMs - finding.confirmedAtMs);
      const seen = `last seen so ${formatDuration(agoMs)} ago; it cannot be judged since`;
      return { ...finding, summary, evidence: [seen, ...evidence] };
    },
    asFound: (finding) => ({ ...finding, ...lastWords.get(finding.id) }),
    forget(id) {
      lastWords.delete(id);
    },
  };
}
