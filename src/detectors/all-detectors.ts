/** The list of detectors; CommonCause, which looks at what they found, and what recovery and alerting find are apart. */

import { orchestratorStuck } from './orchestrator-stuck.js';
import type { Detector } from './scene.js';
import { stageStalled } from './stage-stalled.js';
import { workerSlow } from './worker-slow.js';
import { workerStarved } from './worker-starved.js';
import { workerStuck } from './worker-stuck.js';

export const ALL_DETECTORS: readonly Detector[] = [
  workerStuck,
  orchestratorStuck,
  stageStalled,
  workerSlow,
  workerStarved,
];
