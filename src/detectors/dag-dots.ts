/** Draws the place of an orchestrator in the DAG, one mark a configured stage: `●●●●◉○○○○○`. */

import type { Stage } from '../fleet/stage-model.js';

export interface DagPlace {
  /** Where it is. */
  readonly stage?: string;
  /** Stages it is through with. */
  readonly completed: readonly string[];
  /** It is through with all of them. */
  readonly isDone: boolean;
}

const DONE = '●';
const HERE = '◉';
const AHEAD = '○';

/** Empty without configured stages. Stages are in DAG order. */
export function drawDots(stages: Iterable<Stage>, { stage, completed, isDone }: DagPlace): string {
  const through = new Set(completed);
  let dots = '';
  for (const { id } of stages) dots += isDone || through.has(id) ? DONE : id === stage ? HERE : AHEAD;
  return dots;
}
