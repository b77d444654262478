/** A run of which nothing is known. */

import type { RunFacts } from './run-facts.js';

export const NO_FACTS: RunFacts = {
  range: { fromMs: 0, toMs: 0 },
  sources: [],
  notes: [],
  documentsDone: null,
  documentsFailed: null,
  throughput: [],
  stages: [],
  stuck: [],
  restarts: [],
  restartCounts: null,
  failures: [],
  alerts: [],
  gpus: [],
};
