/** The list of detectors; CommonCause, which looks at what they found, is apart. */

import { backupStale } from './backup-stale.js';
import { deadLettersGrowing } from './dead-letters-growing.js';
import { failuresSpiking } from './failures-spiking.js';
import { gpuError } from './gpu-error.js';
import { gpuMemoryHigh } from './gpu-memory-high.js';
import { gpuMemoryLeaked } from './gpu-memory-leaked.js';
import { infrastructureDown } from './infrastructure-down.js';
import { jobNearAckLimit } from './job-near-ack-limit.js';
import { jobOrphaned } from './job-orphaned.js';
import { logErrors } from './log-errors.js';
import { orchestratorStuck } from './orchestrator-stuck.js';
import { pipelineStandstill } from './pipeline-standstill.js';
import { poisonDocument } from './poison-document.js';
import { progressClockSkewed } from './progress-clock-skewed.js';
import { progressUnreadable } from './progress-unreadable.js';
import { queueGrowing } from './queue-growing.js';
import { queueMissing } from './queue-missing.js';
import { queueNoConsumers } from './queue-no-consumers.js';
import type { Detector } from './scene.js';
import { sourceDown } from './source-down.js';
import { stageStalled } from './stage-stalled.js';
import { workerCrashLooping } from './worker-crash-looping.js';
import { workerDown } from './worker-down.js';
import { workerSlow } from './worker-slow.js';
import { workerSpinning } from './worker-spinning.js';
import { workerStarved } from './worker-starved.js';
import { workerStuck } from './worker-stuck.js';
import { workerUnhealthy } from './worker-unhealthy.js';

export const ALL_DETECTORS: readonly Detector[] = [
  workerStuck,
  orchestratorStuck,
  stageStalled,
  pipelineStandstill,
  queueNoConsumers,
  sourceDown,
  infrastructureDown,
  gpuError,
  workerSlow,
  workerSpinning,
  workerStarved,
  workerDown,
  workerCrashLooping,
  workerUnhealthy,
  jobOrphaned,
  jobNearAckLimit,
  poisonDocument,
  queueGrowing,
  queueMissing,
  deadLettersGrowing,
  failuresSpiking,
  gpuMemoryHigh,
  gpuMemoryLeaked,
  backupStale,
  logErrors,
  progressClockSkewed,
  progressUnreadable,
];
