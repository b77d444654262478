/** The list of what /metrics shows of the fleet, in the order of the page. */

import { brokerFamilies } from './broker-families.js';
import { containerCountFamilies, containerFamilies } from './container-families.js';
import { cpuFamilies } from './cpu-families.js';
import { failureSentinelFamilies } from './failure-sentinel-families.js';
import type { AnyFamilyGroup } from './family.js';
import { gpuContainerFamilies, gpuFamilies } from './gpu-families.js';
import { gpuHoldingFamilies, gpuOrphanFamilies } from './gpu-process-families.js';
import { holdFamilies } from './hold-families.js';
import { journalFamilies } from './journal-families.js';
import { logFamilies } from './log-families.js';
import { notificationFamilies } from './notification-families.js';
import { PROGRESS_FAMILY_GROUPS } from './progress-families.js';
import { queueFamilies } from './queue-families.js';
import { recoveryFamilies } from './recovery-families.js';
import { sentinelDelayFamilies, stageSentinelFamilies } from './sentinel-families.js';
import { sourceFamilies } from './source-families.js';
import { stageInfoFamilies } from './stage-info-families.js';
import { VERDICT_FAMILY_GROUPS } from './verdict-families.js';

export const ALL_FAMILY_GROUPS: readonly AnyFamilyGroup[] = [
  containerFamilies,
  containerCountFamilies,
  cpuFamilies,
  gpuFamilies,
  gpuContainerFamilies,
  gpuHoldingFamilies,
  gpuOrphanFamilies,
  logFamilies,
  stageInfoFamilies,
  queueFamilies,
  brokerFamilies,
  ...PROGRESS_FAMILY_GROUPS,
  holdFamilies,
  ...VERDICT_FAMILY_GROUPS,
  journalFamilies,
  recoveryFamilies,
  notificationFamilies,
  stageSentinelFamilies,
  sentinelDelayFamilies,
  failureSentinelFamilies,
  sourceFamilies,
];
