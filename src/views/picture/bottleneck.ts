/**
 * Finds the stage that holds the others up: the one whose waiting messages take longest to be worked off, and longer
 * than a minute. How long is told by the rate at which they leave, else by the mean job and the workers that can take one.
 */

import type { StageCard } from './flow-model.js';
import { formatCount, formatDuration, formatNumbered } from './format.js';

export interface Bottleneck {
  readonly stage: string;
  readonly why: string;
}

interface Wait {
  readonly card: StageCard;
  readonly ready: number;
  readonly waitMs: number;
}

/** Less is what a prefetch of one and a poll make of any busy queue. */
const MIN_WAIT_MS = 60_000;

export function findBottleneck(stages: readonly StageCard[]): Bottleneck | null {
  const waits = stages
    .flatMap((card) => waitOf(card) ?? [])
    .filter(({ waitMs }) => waitMs >= MIN_WAIT_MS)
    .toSorted((one, other) => other.waitMs - one.waitMs);
  const [longest, next] = waits;
  return longest ? { stage: longest.card.id, why: explain(longest, next) } : null;
}

/** Undefined where nothing waits, or nobody knows. Infinite where nobody takes anything. */
function waitOf(card: StageCard): Wait | undefined {
  const ready = card.queue?.ready ?? 0;
  if (ready <= 0) return undefined;
  const rate = card.queue?.outPerMinute;
  if (rate !== null && rate !== undefined && rate > 0)
    return { card, ready, waitMs: (ready / rate) * 60_000 };
  const hands = handsOf(card);
  if (hands === 0) return { card, ready, waitMs: Number.POSITIVE_INFINITY };
  if (card.meanJobMs === null) return undefined;
  return { card, ready, waitMs: (ready / hands) * card.meanJobMs };
}

/** Workers that take jobs or are about to. */
function handsOf(card: StageCard): number {
  return card.workersByStatus
    .filter(({ status }) => status !== 'down' && status !== 'stuck')
    .reduce((sum, { count }) => sum + count, 0);
}

function explain({ card, ready, waitMs }: Wait, next: Wait | undefined): string {
  const waiting = `${formatCount(ready)} ${ready === 1 ? 'waits' : 'wait'}`;
  if (waitMs === Number.POSITIVE_INFINITY) {
    const bad = card.workers === 0 ? 'there is no worker' : 'no worker takes one';
    return `${waiting} and ${bad}`;
  }
  const rate = card.queue?.outPerMinute;
  const pace =
    rate !== null && rate !== undefined && rate > 0
      ? `${formatCount(rate * 60)} an hour ${Math.round(rate * 60) === 1 ? 'leaves' : 'leave'}`
      : `${formatNumbered(handsOf(card), 'worker')} at ${formatDuration(card.meanJobMs ?? 0)} a job`;
  const compared = next ? `; next is ${next.card.id} with ${formatDuration(next.waitMs)}` : '';
  return `${waiting}, ${pace}: ${formatDuration(waitMs)} to work off${compared}`;
}
