/** Who holds an orchestrator up, as JSON: of those that serve its stage the ones that are not well, worst first. */

import type { HoldUp } from '../detectors/verdicts.js';
import { STATUS_LOOKS } from './picture/vocabulary.js';

/** Dozens serve a stage, and dozens of orchestrators wait for it: all for each would be most of the fleet's JSON. */
const MAX_NAMED = 10;

export function renderHoldUp({ stage, workers }: HoldUp) {
  const unwell = workers
    .filter(({ status }) => STATUS_LOOKS[status].rank < STATUS_LOOKS.starting.rank)
    .toSorted((one, other) => STATUS_LOOKS[one.status].rank - STATUS_LOOKS[other.status].rank);
  return { stage, serving: workers.length, unwell: unwell.length, workers: unwell.slice(0, MAX_NAMED) };
}
